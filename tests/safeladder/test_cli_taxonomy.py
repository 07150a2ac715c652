"""`safeladder taxonomy`: what it shows, in which language, and what it says when asked wrongly."""

import json
import subprocess
import sys

import pytest

from catalog import taxonomy
from corpus.sources import description


@pytest.fixture
def safeladder(capsys, monkeypatch):
    """Run a command as the installed program does; gives exit code, standard output and standard error."""
    from safeladder.cli import main

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["safeladder", *words])
        try:
            main()
            code = 0
        except SystemExit as left:
            code = left.code or 0
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def test_show_lists_the_categories_of_a_dimension_and_json_all_its_ids(safeladder):
    code, out, _ = safeladder("taxonomy", "show", "--dimension", "safety")
    assert code == 0 and "self_harm" in out and "honesty" not in out and "violence/weapons" not in out
    _, out, _ = safeladder("taxonomy", "show", "--dimension", "safety", "--json")
    assert [row["id"] for row in rows(out)] == [entry.id for entry in taxonomy.load().dimensions["safety"]]


def test_show_in_chinese(safeladder):
    code, out, _ = safeladder("taxonomy", "show", "violence/weapons", "--language", "zh")
    assert code == 0 and "枪支与其他武器" in out and "Firearms" not in out
    _, out, _ = safeladder("taxonomy", "show", "violence/weapons", "--language", "zh", "--json")
    (row,) = rows(out)
    assert row["name"] == "枪支与其他武器" and row["dimension"] == "safety"
    assert "llama-guard-3: S2 (narrower)" in row["labels"]


def test_show_a_category_lists_what_lies_under_it(safeladder):
    code, out, _ = safeladder("taxonomy", "show", "law")
    assert code == 0 and "law/lawfulness" in out


def test_crosswalk_of_a_scheme_keeps_the_three_outcomes_apart(safeladder):
    code, out, _ = safeladder("taxonomy", "crosswalk", "llama-guard-3", "--json")
    found = {row["label"]: row["ours"] for row in rows(out)}
    assert code == 0 and len(found) == 14
    assert found["S4"] == "screened" and found["S10"] == {"hate": "broader"}
    _, out, _ = safeladder("taxonomy", "crosswalk", "qwen3guard", "--json")
    assert {row["label"]: row["ours"] for row in rows(out)}["None"] is None


def test_crosswalk_of_a_source_is_the_map_in_its_description(safeladder):
    code, out, err = safeladder("taxonomy", "crosswalk", "figstep", "--json")
    found = {row["label"]: row["ours"] for row in rows(out)}
    assert code == 0 and found["Fraud"] == "fraud" and len(found) == 10
    assert "source show figstep" in err


def test_crosswalk_without_a_name_counts_schemes_and_sources(safeladder):
    code, out, _ = safeladder("taxonomy", "crosswalk", "--json")
    found = {row["name"]: row for row in rows(out)}
    assert code == 0
    assert found["llama-guard-2"] == {
        "name": "llama-guard-2",
        "kind": "guard",
        "labels": 11,
        "mapped": 10,
        "screened": 1,
    }
    assert found["figstep"]["kind"] == "source" and found["figstep"]["labels"] == 10


def test_check_holds(safeladder):
    code, out, err = safeladder("taxonomy", "check")
    assert (code, out) == (0, ""), out
    assert taxonomy.version() in err


def test_check_gives_one_line_per_finding_and_exits_1(safeladder, monkeypatch, tmp_path):
    shipped = (description.FOLDER / "figstep.yaml").read_text(encoding="utf-8")
    (tmp_path / "figstep.yaml").write_text(shipped.replace("Fraud: fraud\n", "Fraud: fraud/no-such-thing\n"))
    monkeypatch.setattr(description, "FOLDER", tmp_path)
    code, out, err = safeladder("taxonomy", "check")
    assert code == 1
    assert out == "source figstep, 'Fraud': maps to 'fraud/no-such-thing', which does not exist\n"
    assert "1 findings" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "violence/weapon"], "violence/weapons"),
        (["show", "violence", "--dimension", "safety"], "not both"),
        (["show", "--dimension", "safty"], "safety"),
        (["crosswalk", "llama-guard"], "llama-guard-"),
        (["crosswalk", "fig-step"], "figstep"),
    ],
)
def test_asked_wrongly_it_names_the_nearest_and_exits_2(safeladder, words, says):
    code, out, err = safeladder("taxonomy", *words)
    assert code == 2 and out == "" and says in err


def test_help_reads_no_yaml_and_no_pydantic():
    code = (
        "import sys, safeladder.cli.taxonomy\n"
        "print([name for name in ('yaml', 'pydantic', 'catalog', 'corpus') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
