"""What looks like a number, a date or a UUID is text: byte for byte in the catalog, in an export and in a look-up."""

import csv
import io

import pytest

from catalog import shards

NAMES = ("id", "other", "batch", "asked")
RECORDS = [
    ("5d41402abc4b2a76b9719d911017c592", "BBD05AE7-1111-4000-8000-00000000000F", "0042", "25-11-2025"),
    ("7d793037a0760186574b0282f2f435e7", "bbd05ae7-1111-4000-8000-00000000000f", "0007", "03-04-2026"),
    ("00000000000000000000000000000000", "1e5", "1200", "2026-04-03"),
    ("12345678901234567890123456789012", "+1", "-0", "0x10"),
]
ROW = {"prompt": "text", "source_id": "id", "source_label": "other", "source_group": "{batch} {asked}"}


@pytest.fixture(params=["jsonl", "csv"])
def path(request, describe):
    rows = [dict(zip(NAMES, values, strict=True)) | {"text": f"第{values[2]}个问题"} for values in RECORDS]
    if request.param == "jsonl":
        return describe(ROW, records=rows)
    text = io.StringIO()
    table = csv.DictWriter(text, [*NAMES, "text"])
    table.writeheader()
    table.writerows(rows)
    made = describe(ROW, glob="*.csv")
    (made.parent / "rows.csv").write_text(text.getvalue(), encoding="utf-8")
    return made


def test_every_field_comes_back_as_it_stood(path, ingested, ask):
    store = ingested(path)
    found = ask(store, "select source_id, source_label, source_group from occurrences order by line")
    assert found == [(first, second, f"{third} {fourth}") for first, second, third, fourth in RECORDS]


@pytest.mark.parametrize("record", RECORDS)
def test_a_look_up_finds_exactly_one(path, ingested, ask, record):
    store = ingested(path)
    assert ask(store, f"select line from occurrences where source_id = '{record[0]}'") == [(RECORDS.index(record) + 1,)]
    (sample,) = ask(store, "select sample_id from samples limit 1")
    assert len(sample[0]) == 64 and "-" not in sample[0]
    assert ask(store, f"select count(*) from samples where sample_id = '{sample[0]}'") == [(1,)]


def test_an_id_that_is_a_number_in_json_is_written_as_it_is_read(describe, ingested, ask):
    store = ingested(describe({"prompt": "text", "source_id": "id"}, records=[{"id": 42, "text": "a"}]))
    assert ask(store, "select source_id from occurrences") == [("42",)]


def test_a_text_that_looks_like_a_date_is_exported_as_it_stands(describe, ingested, release, tmp_path):
    row = {"prompt": "asked", "response": "batch", "task": "safety", "unsafe": False}
    store = ingested(describe(row, records=[dict(zip(NAMES, values, strict=True)) for values in RECORDS]))
    release(store)
    shards.export(store, "all", tmp_path / "out", format="chat")
    (shard,) = (tmp_path / "out" / "data").iterdir()
    for _, _, batch, asked in RECORDS:
        assert f'"content": "{asked}"' in shard.read_text() and f'"content": "{batch}"' in shard.read_text()
