"""`safeladder exam`: hash an exam, check rows, and leave with 1 where one holds an item."""

import json

import pytest
from typer.testing import CliRunner

from corpus.readers import ReadError
from safeladder.cli.console import DidNotHold
from safeladder.cli.exam import app
from synth.images import RenderSpec, render
from synth.images.spec import font_digest

ITEM = "The ferry leaves the northern harbour at seven and returns before the tide turns so how long may we stay"


def test_rows_that_hold_an_item_of_a_salted_exam_are_told_and_the_check_does_not_hold(tmp_path):
    (tmp_path / "quiz.jsonl").write_text(json.dumps({"id": "f1", "text": ITEM}) + "\n")
    rows = [{"id": "a", "prompt": "Something else"}, {"id": "b", "messages": [{"role": "user", "content": ITEM}]}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    salted = str(tmp_path / "quiz.exam.jsonl")
    salt = ["--salt-file", str(tmp_path / "salt")]
    made = CliRunner().invoke(app, ["hash", str(tmp_path / "quiz.jsonl"), "--out", salted, *salt])
    assert made.exit_code == 0 and (tmp_path / "salt").stat().st_mode & 0o077 == 0
    done = CliRunner().invoke(app, ["check", "--exam", salted, "--input", str(tmp_path / "rows.jsonl"), "--json"])
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [(hit["sample_id"], hit["item_id"], hit["kind"]) for hit in told] == [("b", "f1", "verbatim")]
    assert isinstance(done.exception, DidNotHold) and "ferry" not in done.output


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "nothing", "text": ITEM},
        {"prompt": ITEM, "messages": [{"role": "user", "content": "nothing"}]},
        {"id": None, "messages": [{"role": "user", "content": [{"type": "text", "text": ITEM}]}]},
        {"messages": [{"role": "user", "content": "nothing"}, {"role": "assistant", "content": ITEM}]},
    ],
)
def test_every_text_of_a_row_is_read(tmp_path, row):
    (tmp_path / "quiz.jsonl").write_text(json.dumps({"id": "f1", "text": ITEM}) + "\n")
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    asked = ["check", "--exam", str(tmp_path / "quiz.jsonl"), "--input", str(tmp_path / "rows.jsonl"), "--json"]
    done = CliRunner().invoke(app, asked)
    assert [json.loads(line)["sample_id"] for line in done.stdout.splitlines() if line.startswith("{")] == ["1"]
    assert isinstance(done.exception, DidNotHold)


def test_a_picture_that_would_not_be_looked_at_is_an_error(tmp_path):
    (tmp_path / "quiz.jsonl").write_text(json.dumps({"id": "f1", "text": ITEM}) + "\n")
    shown = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "a.png"}}]}
    (tmp_path / "rows.jsonl").write_text(json.dumps({"messages": [shown]}) + "\n")
    asked = ["check", "--exam", str(tmp_path / "quiz.jsonl"), "--input", str(tmp_path / "rows.jsonl")]
    with pytest.raises(ReadError, match="record 1: pictures inside"):
        CliRunner().invoke(app, asked, catch_exceptions=False)


def test_runs_that_nobody_could_read_again_are_not_hashed(tmp_path):
    (tmp_path / "quiz.jsonl").write_text(json.dumps({"id": "f1", "text": ITEM}) + "\n")
    asked = ["hash", str(tmp_path / "quiz.jsonl"), "--words", "70", "--out", str(tmp_path / "out.jsonl")]
    with pytest.raises(ValueError, match="2 to 64 tokens, not 70"):
        CliRunner().invoke(app, [*asked, "--salt-file", str(tmp_path / "salt")], catch_exceptions=False)


def test_a_check_without_exam_or_rows_is_asked_wrongly():
    with pytest.raises(ValueError, match="--exam FILE"):
        CliRunner().invoke(app, ["check", "demo"], catch_exceptions=False)


def test_the_text_in_a_picture_is_read_where_that_is_asked_for(tmp_path):
    pytest.importorskip("rapidocr")
    pytest.importorskip("onnxruntime")
    spec = RenderSpec(font_sha256=font_digest("Noto Sans SC"), text=ITEM, size=32, width=500)
    (tmp_path / "page.png").write_bytes(render(spec))
    (tmp_path / "quiz.jsonl").write_text(json.dumps({"id": "f1", "text": ITEM}) + "\n")
    (tmp_path / "rows.jsonl").write_text(json.dumps({"id": "a", "prompt": "Look", "image": "page.png"}) + "\n")
    asked = ["check", "--exam", str(tmp_path / "quiz.jsonl"), "--input", str(tmp_path / "rows.jsonl"), "--json"]
    assert CliRunner().invoke(app, asked).exit_code == 0
    done = CliRunner().invoke(app, [*asked, "--ocr", str(tmp_path / "read")])
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [(hit["sample_id"], hit["item_id"], hit["kind"]) for hit in told] == [("a", "f1", "ocr")]
    assert isinstance(done.exception, DidNotHold)
