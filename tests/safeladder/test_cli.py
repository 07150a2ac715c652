"""The face of the command line: every command, its options, its exit codes, and what it says when asked wrongly."""

import json
import shlex
from importlib.metadata import version

import pytest
from typer.main import get_command

from safeladder.cli.app import app


def commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands(get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_json_and_says_what_it_does(name):
    options = {flag for parameter in COMMANDS[name].params for flag in parameter.opts}
    assert "--json" in options or name == "catalog shell"  # a prompt; `sql - --json` takes queries from a pipe
    assert COMMANDS[name].help and len(COMMANDS[name].help) > 20


@pytest.mark.parametrize("name", [name for name in COMMANDS])
def test_the_help_of_every_command_ends_with_an_example_that_calls_it(name):
    text = COMMANDS[name].help
    assert f"safeladder {name}" in text[text.index("Example") :]


def test_the_version_is_said(safeladder, tmp_path):
    assert safeladder("--version", cwd=tmp_path, store=tmp_path).stdout.strip() == version("safeladder")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["status"], 2, "safeladder run"),
        (["sql", "select 1"], 2, "catalog build"),
        (["run", "nowhere.yaml"], 2, "examples/"),
        (["release", "show"], 2, "no store"),
        (["verifier", "card"], 2, "no store"),
        (["source", "show", "jade"], 2, "jade-zh"),
        (["synth", "transform", "base46", "x"], 2, "base64"),
        (["doctor", "corpse"], 2, "corpus"),
        (["catalog", "describe", "sample"], 2, "samples"),
        (["annotate", "push"], 2, "no store"),
        (["models", "fetch", "nobody/nothing"], 2, "offline pack"),
        (["run", "nowhere.yaml", "--store", "s3://bucket"], 2, "SAFELADDER_LEDGER"),
        (["shards", "verify", "nowhere"], 2, "no shards in nowhere: write some with `safeladder shards pull"),
        (["verifier", "score", "--input", "nope", "--output", "o"], 2, "no file nope (--input)"),
        (["verifier", "eval", "--split", "train"], 2, "expected calibration or test"),
    ],
)
def test_a_wrong_question_exits_2_and_names_the_way_on(words, code, says, safeladder, tmp_path):
    done = safeladder(*words, cwd=tmp_path, store=tmp_path / "store", check=False)
    assert done.returncode == code
    assert done.stderr.startswith("error: ") and says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "store").exists()


def test_planning_makes_no_store_and_lists_every_stage(safeladder, tmp_path, request):
    recipe = tmp_path / "r.yaml"
    recipe.write_text("name: x\nsources: [seed]\nverifier: null\n")
    done = safeladder("run", recipe, "--plan", "--json", cwd=tmp_path, store=tmp_path / "store")
    stages = [json.loads(line)["stage"] for line in done.stdout.splitlines()]
    assert stages == ["ingest:seed", "filter", "dedup", "split", "synth", "release"]
    assert not (tmp_path / "store").exists()


def test_a_run_prints_json_alone_on_standard_output_and_can_be_asked_about(safeladder, tmp_path):
    recipe, store = tmp_path / "r.yaml", tmp_path / "store"
    recipe.write_text("name: x\nsources: [seed]\nsynth: null\nverifier: null\nrelease: {name: one}\n")
    done = safeladder("run", recipe, "--json", cwd=tmp_path, store=store)
    stages = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(s["rows_in"] == s["rows_out"] + s["rejected"] + s["failed"] for s in stages)
    assert "filter" in done.stderr and "report" in done.stderr
    assert all(line.strip() for line in done.stderr.splitlines())  # no trace of a progress bar
    report = next((store / "runs").rglob("report.html")).read_text(encoding="utf-8")
    assert "Every row accounted for" in report and "<svg" in report and "<script" not in report

    ask = lambda *words: safeladder(*words, "--json", cwd=tmp_path, store=store).stdout  # noqa: E731
    assert json.loads(ask("status").splitlines()[0])["state"] == "finished"
    made = json.loads(ask("release", "create", "two"))
    assert made["new"] is False and made["rows_out"] + made["rejected"] == made["members"]
    assert {json.loads(line)["name"] for line in ask("release", "list").splitlines()} == {"one", "two"}
    rejected = json.loads(ask("sql", "select sample_id, reason from rejections order by 1 limit 1"))
    (why,) = [json.loads(line) for line in ask("why", rejected["sample_id"][:16]).splitlines()]
    assert why["reason"] == rejected["reason"] and why["source"] == "seed" and why["line"] > 0
    assert "match_is_released" not in safeladder("why", rejected["sample_id"], cwd=tmp_path, store=store).stdout
    tell = lambda *words: safeladder(*words, cwd=tmp_path, store=store, check=False)  # noqa: E731
    assert tell("trace", "one").stdout.startswith("release ")
    assert tell("trace", f"seed:{why['file']}:{why['line']}").stdout.startswith("sample ")
    assert tell("why", "one").returncode == 2 and "one is a release" in tell("why", "one").stderr
    assert tell("diff", "one", "two").stdout == "no difference\n"
    nowhere = tell("trace", "seed:nofile:1")
    query = shlex.split(nowhere.stderr.splitlines()[-1].partition("safeladder ")[2])
    assert "nothing was read at seed:nofile:1" in nowhere.stderr and why["file"] in tell(*query).stdout
    pulled = safeladder("shards", "pull", "two", "--to", "out", cwd=tmp_path, store=store)
    assert pulled.returncode == 0
    safeladder("shards", "verify", "out", cwd=tmp_path, store=store)
    (tmp_path / "out" / "data" / "extra.parquet").write_bytes(b"not ours")
    spoiled = safeladder("shards", "verify", "out", cwd=tmp_path, store=store, check=False)
    assert spoiled.returncode == 1 and "extra.parquet" in spoiled.stderr
