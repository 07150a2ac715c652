"""The commands that ask the catalog, on a small store and as a user would give them."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from catalog import Store, chat, prompt_id, read_model, sample_id
from safeladder.cli.shell import answer

ROOT = Path(__file__).resolve().parents[2]
BIN = os.path.dirname(sys.executable)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a store of two commits: a sample each."""
    folder = tmp_path_factory.mktemp("cli")
    store = Store(folder / "store")
    for number, text in enumerate(("ask", "问"), 1):
        messages = chat(text, "reply")
        row = {"sample_id": sample_id(messages), "prompt_id": prompt_id(messages), "messages": messages}
        store.commit(f"b{number}", {"samples": pl.DataFrame([row | {"stage_id": "s"}])})
    read_model.build(store)
    return folder


@pytest.fixture(scope="module")
def call(place):
    """Run a command with nothing on the path but Python, so that our own prompt answers."""

    def run(*arguments, piped="", path=BIN, check=True):
        done = subprocess.run(
            [sys.executable, "-c", "from safeladder.cli import main; main()", *arguments],
            cwd=place,
            env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "SAFELADDER_STORE": str(place / "store")},
            input=piped,
            capture_output=True,
            text=True,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    return run


def test_a_query_may_be_piped_in_and_asked_as_of_a_commit(call):
    query = "select prompt from rows order by added_seq"
    assert [json.loads(line)["prompt"] for line in call("sql", "-", "--json", piped=query).stdout.splitlines()] == [
        "ask",
        "问",
    ]
    then = call("sql", query, "--json", "--as-of", "1").stdout
    assert [json.loads(line)["prompt"] for line in then.splitlines()] == ["ask"]
    wrong = call("sql", query, "--as-of", "summer", check=False)
    assert wrong.returncode == 2 and "'summer' is no commit" in wrong.stderr


def test_a_query_reaches_nothing_outside(call, place):
    for query in ("from read_text('/etc/passwd')", "copy samples to 'out.csv'", "install httpfs", "attach 'x.duckdb'"):
        done = call("sql", query, check=False)
        assert done.returncode == 2 and done.stderr.count("error:") == 1, query
    assert [path.name for path in place.iterdir()] == ["store"]


def test_columns_of_one_name_are_told_apart(call):
    query = "select 'wrong' as label, 'right' as label, 3 as label_1, 4 as label"
    told = {"label": "wrong", "label_2": "right", "label_1": 3, "label_3": 4}
    assert json.loads(call("sql", query, "--json").stdout) == told
    for lines in (call("sql", query).stdout, call("catalog", "shell", piped=query).stdout):
        head, row = lines.splitlines()
        assert (head.split(), row.split()) == (list(told), ["wrong", "right", "3", "4"])


def test_every_statement_is_answered_and_none_is_said_to_be_none(call):
    lines = call("sql", "-- 一\nselect 1 as a; select 2 as b; from range(101)", "--json").stdout.splitlines()
    assert [json.loads(line) for line in lines[:2]] == [{"a": 1}, {"b": 2}] and len(lines) == 103
    for nothing in ("", " ", "-- comment", ";", "/* 问 */"):
        done = call("sql", nothing, check=False)
        assert done.returncode == 2 and done.stderr == 'error: no query; for example safeladder sql "from releases"\n'
    half = call("sql", "select 1 as a; select nope", "--json", check=False)
    assert half.returncode == 2 and json.loads(half.stdout) == {"a": 1} and "Traceback" not in half.stderr


def test_a_terminal_gets_the_first_hundred_rows_and_their_number(place, capsys):
    with read_model.connect(place / "store") as connection:
        answer(connection, "from range(25000)", as_json=False, all_rows=False)
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 101 and "the first 100 rows, 24,900 more" in shown.err


def test_a_damaged_catalog_is_made_anew_by_the_command_that_is_said(call, place, tmp_path):
    store = tmp_path / "a store"
    shutil.copytree(place / "store", store)
    whole = (store / read_model.FILE).read_bytes()
    for damaged in (b"junk", b"", whole[:5000], whole[:4100] + b"x" * 100 + whole[4200:]):
        (store / read_model.FILE).write_bytes(damaged)
        done = call("sql", "from samples", "--store", str(store), check=False)
        assert done.returncode == 2 and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
        call(*shlex.split(done.stderr.split("`")[1])[1:])
        assert call("sql", "select count(*) as n from samples", "--store", str(store)).stdout.split() == ["n", "2"]
    (store / read_model.FILE).write_bytes(whole[: len(whole) // 2])  # only a query meets it
    done = call("sql", "from samples", "--store", str(store), check=False)
    assert done.returncode == 2 and "make it anew with `safeladder catalog build --full`" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_prompt_goes_on_after_an_error_and_over_several_lines(call):
    typed = (
        "select count(*) as n\nfrom rows;\n.tables\nselect nope;\nselect 'a;\nb' as text; select 7 as n;\nselect 8 as n"
    )
    done = call("catalog", "shell", piped=typed, check=False)
    lines = done.stdout.split()
    assert done.returncode == 1 and "nope" in done.stderr
    assert {"2", "7", "8", "labels", "view"} <= set(lines) and "b" in lines
    assert (
        call("catalog", "shell", "--as-of", "1", piped="select count(*) + 40 from samples;").stdout.split()[-1] == "41"
    )


def test_the_prompt_of_the_duckdb_program_is_used_where_there_is_one(call, tmp_path):
    program = tmp_path / "duckdb"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    said = call("catalog", "shell", path=f"{tmp_path}:/usr/bin:/bin").stdout
    assert "-readonly" in said and ".safe_mode" in said and "catalog.duckdb" in said


def test_describe_lists_tables_and_views_and_what_their_columns_mean(call):
    listed = [json.loads(line) for line in call("catalog", "describe", "--json").stdout.splitlines()]
    assert {("rows", "view"), ("samples", "table")} <= {(row["name"], row["kind"]) for row in listed}
    assert all(row["meaning"] for row in listed)
    columns = call("catalog", "describe", "labels", "--json").stdout
    assert "conflict" in columns and "added_seq" in columns
    assert call("catalog", "describe", "nothing", check=False).returncode == 2


def test_diff_answers_in_rows_and_for_machines_and_build_brings_what_is_new(call, place):
    assert "new sample" in call("diff", "1", "2").stdout
    (row,) = [json.loads(line) for line in call("diff", "1", "2", "--rows", "--json").stdout.splitlines()]
    assert (row["change"], len(row["sample_id"])) == ("added", 64)
    assert call("diff", "2", "1", check=False).returncode == 2
    row = {"sample_id": "a" * 64, "prompt_id": "a" * 64, "messages": chat("late"), "stage_id": "s"}
    Store(place / "store").commit("late", {"samples": pl.DataFrame([row])})
    for how in ((), ("--full",)):
        call("catalog", "build", *how)
        assert "late" in call("sql", "select prompt from rows order by added_seq desc limit 1").stdout
