"""`check` tells what each file gives, and shows no text of it."""

import gzip
import json

import pytest

from corpus import sources
from tests.corpus.toy import SAFETY, describe, everything, lines, picture


@pytest.fixture
def root(tmp_path):
    (tmp_path / "toy").mkdir()
    return tmp_path


def test_each_file_with_its_encoding_its_counts_and_the_reasons(root):
    lines(root, {"q": "secret", "a": "y", "bad": 1}, {"q": "secret", "a": "y", "bad": 7}, {"q": None, "a": 1, "bad": 0})
    text = json.dumps({"q": "怎样换锁", "a": "拆下旧锁", "bad": 0}, ensure_ascii=False)
    (root / "toy/b.jsonl").write_bytes(gzip.compress(text.encode("gb18030")))
    first, second = sources.check(describe(SAFETY), root)
    assert first | {"ids": None} == {
        "file": "a.jsonl",
        "format": "jsonl",
        "encoding": "utf-8",
        "records": 3,
        "rows": 1,
        "rejected": {"unknown_label": 1, "null_prompt": 1},
        "labels": {"safety: Unsafe": 1},
        "notes": {},
        "ids": None,
        "problem": None,
    }
    assert first["ids"] == everything(describe(SAFETY), root)[0]["sample_id"].to_list()[:1]
    assert (second["format"], second["encoding"], second["labels"]) == ("jsonl+gzip", "gb18030", {"safety: safe": 1})
    assert "secret" not in json.dumps([first, second])


def test_a_file_that_gives_no_row_or_cannot_be_read_is_a_problem_of_its_own(root):
    lines(root, {"q": "x", "a": "y", "bad": "maybe"})
    (root / "toy/b.jsonl").write_bytes(gzip.compress(b"{}" * 900)[:-9])
    lines(root, {"q": "x", "a": "y", "bad": 1}, name="toy/c.jsonl")
    problems = [row["problem"] for row in sources.check(describe(SAFETY), root)]
    assert problems[0] == "gives no row"
    assert "ends too early" in problems[1]
    assert problems[2] is None


def test_a_limit_leaves_a_file_early(root):
    lines(root, *({"q": str(n), "a": "y", "bad": 1} for n in range(50)))
    assert [row["records"] for row in sources.check(describe(SAFETY), root, limit=10)] == [10]


def test_categories_that_the_taxonomy_does_not_know_are_named(root):
    lines(root, {"q": "x", "c": "privacy/nonsense"})
    assert sources.unknown_categories(describe({"prompt": "q", "category": "privacy/doxxing"})) == []
    assert (
        "privacy/nonsense" in sources.unknown_categories(describe({"prompt": "q", "category": "privacy/nonsense"}))[0]
    )
    (row,) = sources.check(describe({"prompt": "q", "category": {"from": "c"}}), root)
    assert "privacy/nonsense" in row["problem"]


def test_odd_pictures_are_kept_with_a_note_that_names_them_once(root):
    (root / "toy/lock.jpg").write_bytes(picture())
    (root / "toy/door.png").write_bytes(picture("blue"))
    lines(root, *({"q": str(n), "p": p} for n, p in enumerate(("door.png", "lock.jpg", "lock.jpg"))))
    source = describe({"prompt": "q", "images": ["p"]})
    notes = [part.notes for part in sources.read(source, root, "a.jsonl", batch_rows=1)]
    found = [row for frame in notes for row in frame.select("note", "image", "line", "file").rows()]
    assert found == [("wrong_suffix", "lock.jpg", 2, "a.jsonl")]
    assert sources.check(source, root)[0]["notes"] == {"wrong_suffix": 1}


def test_a_null_answer_is_not_safe(root):
    lines(root, {"q": "甲", "l": "?"}, {"q": "b", "l": "no"})
    row = {"prompt": "q", "task": "safety", "unsafe": {"from": "l", "map": {"?": None, "no": False}}}
    (found,) = sources.check(describe(row), root)
    assert found["labels"] == {"safety: not labelled": 1, "safety: safe": 1}
