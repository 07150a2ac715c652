"""A line of JSON lines ends where a newline stands, and nowhere else; what we write is one line for everyone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import exports, shards
from corpus.sources import Source, check

# Where `str.splitlines` cuts
SEPARATORS = [chr(code) for code in (0x0A, 0x0B, 0x0C, 0x0D, 0x1C, 0x1D, 0x1E, 0x85, 0x2028, 0x2029)]


@pytest.fixture
def odd(describe):
    """Rows with every separator inside a text, English and Chinese, as raw characters where JSON allows it."""
    records = [{"id": f"{i:02d}", "text": f"前{mark}后 before{mark}after"} for i, mark in enumerate(SEPARATORS)]
    path = describe({"prompt": "text", "source_id": "id", "task": "safety", "unsafe": False}, records=records)
    assert "\u2028" in (path.parent / "rows.jsonl").read_text(encoding="utf-8")
    return path, {record["text"] for record in records}


def test_no_row_is_cut_on_the_way_in_out_and_in_again(odd, describe, ingested, release, tmp_path):
    path, texts = odd
    store = ingested(path)
    release(store)
    out = tmp_path / "out"
    shards.export(store, "all", out, format="jsonl")
    (shard,) = (out / "data").iterdir()
    pieces = shard.read_bytes().decode().splitlines()
    assert len(pieces) == len(texts)
    assert {json.loads(piece)["messages"][0]["content"][0]["text"] for piece in pieces} == texts
    back = describe({"messages": "messages", "source_id": "sample_id"}, folder="out", glob="data/*.jsonl")
    again = ingested(back, into="again")
    assert set(again.read("samples")["sample_id"]) == set(store.read("samples")["sample_id"])
    assert again.read("occurrences")["source_id"].equals(again.read("occurrences")["sample_id"])
    assert again.read("rejections").is_empty()


def test_lines_that_end_like_those_of_windows_are_the_same_rows(odd, tmp_path):
    path, texts = odd
    file = path.parent / "rows.jsonl"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    (found,) = check(Source.load(str(path)), tmp_path)
    assert (found["rows"], found["rejected"]) == (len(texts), {})


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_one_line_and_comes_back(text):
    row = {"sample_id": text, "messages": [], "label": None}
    line = exports.line(row)
    assert line.splitlines(keepends=True) == [line]
    assert json.loads(line) == {"sample_id": text, "messages": []}
