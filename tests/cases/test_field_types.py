"""A field that is a string in most records and something else in one: that record is set aside, with line and field."""

import pytest

RECORDS = [
    {"id": "a", "meta": {"title": "锁与钥匙"}, "span": [0, 4]},
    {"id": "b", "meta": {"title": 1984}, "span": [1, 3]},
    {"id": "c", "meta": "see a", "span": [0, 1]},
    {"id": "d", "meta": {"title": None}, "span": [2, 5]},
    {"id": "e", "meta": {"title": "Bread"}, "span": "2-9"},
    {"id": "f", "meta": {"title": "Tides"}, "span": [5, [6]]},
    {"id": "g", "meta": {"title": "Bridges"}, "span": [7, 9]},
]
ROW = {"prompt": "meta.title", "source_id": "id", "source_group": "{span.0}-{span.1}"}


@pytest.fixture
def store(describe, ingested):
    return ingested(describe(ROW, records=RECORDS))


def test_records_of_another_shape_are_set_aside_with_line_and_field(store, ask):
    found = ask(store, "select line, reason, detail from rejections order by line")
    assert [(line, reason) for line, reason, _ in found] == [
        (2, "wrong_type"),
        (3, "missing_field"),
        (4, "null_prompt"),
        (5, "missing_field"),
        (6, "wrong_type"),
    ]
    for (_, _, detail), field in zip(found, ["meta.title"] * 3 + ["span.0"], strict=False):
        assert f"'{field}'" in detail


def test_the_others_are_kept_as_they_are_and_every_record_is_there_once(store, ask):
    kept = ask(store, "select line, source_id, source_group from occurrences order by line")
    assert kept == [(1, "a", "0-4"), (7, "g", "7-9")]
    assert [text for (text,) in ask(store, "select prompt from rows order by prompt")] == ["Bridges", "锁与钥匙"]
    assert ask(store, "select rows_in, rows_out, rejected, failed from stages") == [(7, 2, 5, 0)]


def test_the_detail_shows_no_text_of_the_data(store, ask):
    said = " ".join(detail for (detail,) in ask(store, "select detail from rejections"))
    assert "1984" not in said and "see a" not in said and "2-9" not in said


def test_types_that_are_declared_are_held_to_down_to_the_item(describe, ingested, ask):
    types = {"meta.title": "text?", "span": "[integer]"}
    store = ingested(describe(ROW | {"prompt": "id"}, records=RECORDS, types=types))
    found = ask(store, "select line, reason, detail from rejections order by line")
    assert [(line, reason) for line, reason, _ in found] == [
        (2, "wrong_type"),
        (3, "wrong_type"),
        (5, "wrong_type"),
        (6, "wrong_type"),
    ]
    for (_, _, detail), place in zip(found, ["meta.title", "meta", "span", "span.1"], strict=True):
        assert f"'{place}'" in detail
    assert ask(store, "select line from occurrences order by line") == [(1,), (4,), (7,)]


@pytest.mark.parametrize("declared", ["string", "[text", "text??", "integer]", ""])
def test_a_type_that_nobody_knows_is_refused_with_those_there_are(describe, ingested, declared):
    with pytest.raises(ValueError, match=r"boolean"):
        ingested(describe(ROW, records=RECORDS, types={"span": declared}))
