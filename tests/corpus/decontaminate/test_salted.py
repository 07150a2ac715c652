"""A salted exam is whole or none."""

import json

import polars as pl
import pytest

from corpus import decontaminate
from corpus.readers import ReadError


@pytest.fixture
def salted(tmp_path):
    items = [
        "A ferry leaves at seven and is back before the tide turns in the evening",
        "渡船早上七点离开北边的港口并在退潮以前返回",
    ]
    made = decontaminate.exam("ferry", pl.DataFrame({"item_id": ["a", "b"], "text": items}), salt=bytes(range(16)))
    path = tmp_path / "ferry.exam.jsonl"
    decontaminate.save(made, path)
    return path


def changed(path, number, **values):
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[number] |= values
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def test_what_was_saved_is_read(salted):
    assert decontaminate.read(salted).items["item_id"].to_list() == ["a", "b"]


@pytest.mark.parametrize("lines", [1, 2])
def test_a_file_that_was_cut_is_refused(salted, lines):
    salted.write_text("".join(salted.read_text(encoding="utf-8").splitlines(keepends=True)[:lines]), encoding="utf-8")
    with pytest.raises(ReadError, match=f"expected 2 items, each once; there are {lines - 1}"):
        decontaminate.read(salted)


def test_an_item_that_stands_twice_is_refused(salted):
    changed(salted, 2, item_id="a")
    with pytest.raises(ReadError, match="each once"):
        decontaminate.read(salted)


@pytest.mark.parametrize(
    "wrong",
    [{"n": 0}, {"n": 99_999_999}, {"picture": "abcd"}, {"runs": "?"}, {"runs": None}, {"runs": "AAAAAAAAAAA=" * 2}],
)
def test_a_line_that_nobody_wrote_is_refused_with_its_number(salted, wrong):
    changed(salted, 1, **wrong)
    with pytest.raises(ReadError, match="line 2: not a line of a salted exam"):
        decontaminate.read(salted)


def test_a_salted_exam_has_a_name(salted):
    changed(salted, 0, name=None)
    with pytest.raises(ReadError, match="line 1"):
        decontaminate.read(salted)


def test_a_later_format_is_named(salted):
    changed(salted, 0, format="safeladder-salted-exam-3")
    with pytest.raises(ReadError, match="format safeladder-salted-exam-3, expected safeladder-salted-exam-2"):
        decontaminate.read(salted)
