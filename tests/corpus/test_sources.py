"""A description turns records into rows; every row it makes ends as a row or a rejection."""

import hashlib
import json
from collections import Counter

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import taxonomy
from catalog.ids import chat, prompt_id, sample_id
from catalog.schema import BATCH
from corpus import readers, screen, sources
from corpus.sources import Source
from tests.corpus.toy import SAFETY, describe, everything, lines, picture


@pytest.fixture
def root(tmp_path):
    (tmp_path / "toy").mkdir()
    return tmp_path


def test_a_record_becomes_a_row_in_the_columns_of_a_batch(root):
    row = {**SAFETY, "source_id": "id", "source_label": "bad", "source_group": "{id}/{bad}"}
    lines(root, {"q": "怎样换锁？", "a": "先拆下旧锁。", "bad": 0, "id": 17})
    rows, rejections, _, records = everything(describe(row), root)
    assert rows.schema == pl.from_arrow(pa.Table.from_pylist([], schema=BATCH)).schema
    messages = chat("怎样换锁？", "先拆下旧锁。")
    assert rows.to_dicts() == [
        {
            "sample_id": sample_id(messages),
            "prompt_id": prompt_id(messages),
            "messages": messages,
            "source": "toy",
            "file": "a.jsonl",
            "line": 1,
            "source_id": "17",
            "source_label": "0",
            "source_group": "17/0",
            "task": "safety",
            "label": None,
            "unsafe": False,
            "category": None,
            "subcategory": None,
            "origin": "human",
        }
    ]
    assert (rejections.height, records) == (0, 1)


def test_one_record_can_give_an_unsafe_and_a_safe_row(root):
    unsafe = {"prompt": "q", "response": "worse", "task": "safety", "label": "Unsafe"}
    safe = {"prompt": "q", "response": "better", "task": "safety", "unsafe": False, "origin": "construction"}
    lines(root, {"q": "x", "worse": "[placeholder]", "better": "No."}, {"q": "x", "worse": None, "better": "No."})
    rows, rejections, _, records = everything(describe(unsafe, safe), root)
    assert rows.select("line", "label", "unsafe", "origin").rows() == [
        (1, "Unsafe", True, "human"),
        (1, None, False, "construction"),
        (2, None, False, "construction"),
    ]
    assert rejections.select("line", "reason").rows() == [(2, "null_response")]
    assert records == 2


def test_unsafe_gives_the_label_and_a_safety_label_gives_unsafe(root):
    lines(root, {"q": "x", "a": "y", "bad": "1"})
    assert everything(describe(SAFETY), root)[0].select("label", "unsafe").rows() == [("Unsafe", True)]
    refusal = {"prompt": "q", "response": "a", "task": "safety", "label": "Safe with refusal"}
    assert everything(describe(refusal), root)[0].select("label", "unsafe").rows() == [("Safe with refusal", False)]


def test_a_label_that_the_table_does_not_name_is_a_rejection_with_the_sample_id(root):
    lines(root, *({"q": "x", "a": "y", "bad": value} for value in ("maybe", None, 1.0, [1])))
    rows, rejections, _, _ = everything(describe(SAFETY), root)
    assert rows.height == 0
    assert rejections["reason"].to_list() == ["unknown_label"] * 3 + ["wrong_type"]
    assert set(rejections["sample_id"]) == {sample_id(chat("x", "y"))}
    assert not any("maybe" in detail for detail in rejections["detail"])


def test_what_cannot_be_a_text_is_rejected_and_named(root):
    good = {"q": "x", "a": "y", "bad": 0}
    lines(
        root, good | {"q": None}, good | {"q": " \n"}, good | {"a": 1984}, good | {"a": ""}, {"q": "x", "bad": 0}, good
    )
    rows, rejections, _, _ = everything(describe(SAFETY), root)
    assert rows["line"].to_list() == [6]
    assert dict(rejections.select("line", "reason").rows()) == {
        1: "null_prompt",
        2: "empty_prompt",
        3: "wrong_type",
        4: "empty_response",
        5: "missing_field",
    }
    assert "'a': expected text, found int" in rejections["detail"][2]


def test_templates_join_fields_and_leave_no_loose_white_space(root):
    row = {"prompt": "{instruction}\n\n{inputs.0.text}"}
    lines(
        root,
        {"instruction": "Add.", "inputs": [{"text": "1 and 2"}]},
        {"instruction": "Sing.", "inputs": [{"text": ""}]},
        {"instruction": "Sing.", "inputs": []},
    )
    rows, rejections, _, _ = everything(describe(row), root)
    assert [m[0]["content"][0]["text"] for m in rows["messages"]] == ["Add.\n\n1 and 2", "Sing."]
    assert rejections["reason"].to_list() == ["missing_field"]


def test_a_field_alone_is_taken_exactly_as_it_stands(root):
    lines(root, {"q": " \u200bx\n"})
    rows, _, _, _ = everything(describe({"prompt": "q"}), root)
    assert rows["messages"][0][0]["content"][0]["text"] == " \u200bx\n"


def test_a_field_can_be_read_by_a_template_backwards(root):
    row = {"prompt": "question", "response": "answer", "task": "knowledge"}
    row |= {"label": {"from": "verdict", "map": {" yes": "TRUE"}}}
    source = describe(row, parse={"text": "Q: {question}\nA: {answer}\nTrue:"})
    lines(
        root,
        {"text": "Q: 锁是\n什么？\nA: 一种工具。\nTrue:", "verdict": " yes"},
        {"text": "Q: What?", "verdict": " yes"},
    )
    rows, rejections, _, _ = everything(source, root)
    assert rows["sample_id"].to_list() == [sample_id(chat("锁是\n什么？", "一种工具。"))]
    assert rows.select("task", "label", "unsafe").rows() == [("knowledge", "TRUE", None)]
    assert rejections.select("line", "reason", "sample_id").rows() == [(2, "unparsed", None)]


def test_a_lookup_table_gives_the_text_that_an_index_stands_for(root):
    (root / "toy/list.csv").write_text("index,text\n0,How?\n1,Why?\n")
    (root / "toy/replies.csv").write_text("question,Response\n1,So.\n7,So.\n")
    lookup = {"field": "question", "file": "list.csv", "key": "index", "value": "text", "into": "request"}
    source = describe({"prompt": "request", "response": "Response"}, glob="replies.csv", lookups=[lookup])
    assert sources.files(source, root) == ["list.csv", "replies.csv"]
    rows, rejections, _, records = everything(source, root)
    assert rows["sample_id"].to_list() == [sample_id(chat("Why?", "So."))]
    assert rejections["reason"].to_list() == ["unknown_key"]
    assert records == 2
    (root / "toy/list.csv").write_text("index,text\n0,How?\n0,Why?\n")
    with pytest.raises(readers.ReadError, match=r"list\.csv, record 2"):
        everything(source, root)


def test_pictures_are_probed_once_and_come_with_their_bytes(root):
    (root / "toy/1.png").write_bytes(picture())
    (root / "toy/2.png").write_bytes(b"no picture")
    (root / "outside.png").write_bytes(picture())
    lines(root, *({"n": n} for n in ("1", "1", "2", "3", "../outside")))
    row = {"prompt": {"text": "看图"}, "images": ["{n}.png"]}
    rows, rejections, media, _ = everything(describe(row), root, batch_rows=1)
    name = hashlib.sha256(picture()).hexdigest()
    assert rows["sample_id"].to_list() == [sample_id(chat("看图", images=[name]))] * 2
    assert [(known["media_id"], known["width"], known["height"], data) for known, data in media] == [
        (name, 4, 3, picture())
    ]
    assert rejections["reason"].to_list() == ["not_an_image", "missing_image", "image_outside"]


def test_what_the_screen_matches_is_dropped_with_its_id_and_its_picture(root, monkeypatch):
    matches = screen.matches
    monkeypatch.setattr(screen, "matches", lambda text: matches(text, pattern="red\nlamp"))
    source = describe({"prompt": "q", "response": "a", "images": ["{picture}.png"]})
    (root / "toy/1.png").write_bytes(picture())
    lines(root, {"q": "red", "a": "lamp", "picture": 1}, {"q": "red", "a": "door", "picture": 1})
    rows, rejections, media, _ = everything(source, root)
    assert rows["line"].to_list() == [2]
    assert len(media) == 1
    hidden = sample_id(chat("red", "lamp", images=[media[0][0]["media_id"]]))
    assert rejections.select("sample_id", "reason", "line").rows() == [(hidden, "screen_minors", 1)]

    lines(root, {"q": "red", "a": "lamp", "picture": 1})
    assert everything(source, root)[2] == []


def test_all_rows_of_a_record_fall_where_the_screen_matches_any_text_of_it(root, monkeypatch):
    matches = screen.matches
    monkeypatch.setattr(screen, "matches", lambda text: matches(text, pattern="red lamp"))
    lines(root, {"1": "甲", "note": {"en": ["red lamp"]}}, {"1": "乙", "note": "door"}, {"1": "red lamp", "note": ""})
    rows, rejections, _, _ = everything(describe({"prompt": "1"}, {"prompt": "{1}!"}), root)
    assert rows["line"].to_list() == [2, 2]
    assert rejections.select("line", "reason").rows() == [(line, "screen_minors") for line in (1, 1, 3, 3)]
    (root / "toy/t.json").write_text('{"甲": "red lamp", "乙": "door", "red lamp": "x"}')
    lookup = {"field": "1", "file": "t.json", "into": "other"}
    rows, _, _, _ = everything(describe({"prompt": "1"}, lookups=[lookup]), root)
    assert rows["line"].to_list() == [2]


VALUE = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=2), max_size=2)


@given(
    st.lists(st.dictionaries(st.sampled_from(["q", "a", "b", "bad"]), VALUE) | st.integers(), min_size=1, max_size=9),
    st.integers(1, 4),
)
def test_no_row_is_lost_or_doubled(tmp_path_factory, records, batch_rows):
    root = tmp_path_factory.mktemp("wild")
    (root / "toy").mkdir()
    (root / "toy/a.jsonl").write_text("\n".join(json.dumps(record) for record in records))
    source = describe(SAFETY, {**SAFETY, "response": "b"})
    rows, rejections, _, count = everything(source, root, batch_rows=batch_rows)
    met = Counter(rows["line"].to_list() + rejections["line"].to_list())
    unreadable = {"not_an_object", "lone_surrogate", "nul_byte"}
    bad = set(rejections.filter(pl.col("reason").is_in(unreadable))["line"])
    assert met == {i: 1 if i in bad else 2 for i in range(1, len(records) + 1)}
    assert count == len(records)


def test_a_missing_folder_or_file_says_what_was_expected_and_where_to_get_it(tmp_path):
    source = describe(SAFETY)
    with pytest.raises(FileNotFoundError, match=r"expected its files in .*toy; get the set from https://example\.org"):
        sources.files(source, tmp_path)
    with pytest.raises(FileNotFoundError, match=r"data root .*nope does not exist \(--data or SAFELADDER_DATA\)"):
        sources.files(source, tmp_path / "nope")
    (tmp_path / "toy").mkdir()
    with pytest.raises(FileNotFoundError, match=r"nothing in .*toy matches \*\.jsonl"):
        sources.files(source, tmp_path)
    lines(tmp_path, {})
    with pytest.raises(FileNotFoundError, match=r"no file b\.txt; its description reads \*\.jsonl"):
        next(sources.read(source, tmp_path, "b.txt"))


def test_a_table_must_have_the_columns_that_the_rows_ask_for(root):
    (root / "toy/a.csv").write_text("q,answer,bad\nx,y,0\n")
    with pytest.raises(readers.ReadError, match=r"no column 'a'"):
        everything(describe(SAFETY, glob="a.csv"), root)


SEED = {"seed": "safety", "seed-images": "safety", "seed-value": "value", "seed-knowledge": "knowledge"}


def test_the_parts_of_the_seed_are_what_ships_with_the_package():
    shipped = {slug for slug in sources.available() if Source.load(slug).packaged}
    assert shipped == set(SEED)


@pytest.mark.parametrize("slug", SEED)
def test_a_part_of_the_seed_reads_without_a_rejection(slug, tmp_path):
    rows, rejections, media, records = everything(Source.load(slug), tmp_path / "nowhere")
    assert rejections.height == 0
    assert rows.height == records > 0
    assert set(rows["task"]) == {SEED[slug]}
    assert rows.select("label", "source_group", "source_id").null_count().row(0) == (0, 0, 0)
    assert rows["unsafe"].null_count() == (0 if SEED[slug] == "safety" else rows.height)
    named = {*rows["category"].drop_nulls(), *rows["subcategory"].drop_nulls()}
    assert named and {taxonomy.load().dimension(id) for id in named} == {SEED[slug]}
    assert [known["media_id"] for known, _ in media if not known["text"]] == []
    assert bool(media) == (slug == "seed-images")


def test_the_published_exams_of_ethics_are_never_read(tmp_path):
    for part, name in (("commonsense", "cm"), ("deontology", "deontology"), ("justice", "justice")):
        (tmp_path / "ethics-train/ethics" / part).mkdir(parents=True)
        for kind in ("train", "test", "test_hard", "ambig"):
            (tmp_path / "ethics-train/ethics" / part / f"{name}_{kind}.csv").touch()
    found = sources.files(Source.load("ethics-train"), tmp_path)
    assert len(found) == 6
    assert not any("hard" in file or "ambig" in file for file in found)


def test_a_boolean_says_itself_whether_a_row_is_unsafe(root):
    lines(root, {"q": "甲", "flag": True}, {"q": "b", "flag": False}, {"q": "c", "flag": "true"})
    row = {"prompt": "q", "task": "safety", "unsafe": {"from": "flag"}}
    rows, rejections, _, _ = everything(describe(row), root)
    assert rows["unsafe"].to_list() == [True, False]
    assert rejections["reason"].to_list() == ["unknown_label"]


def test_a_path_that_is_a_text_is_a_missing_picture_and_an_error_of_the_disk_shows_none(root, monkeypatch):
    lines(root, {"q": "x", "i": "长" * 300}, {"q": "y", "i": "a b.png"})
    source = describe({"prompt": "q", "images": ["i"]})
    rows, rejections, _, _ = everything(source, root)
    assert (rows.height, rejections["reason"].to_list()) == (0, ["missing_image", "missing_image"])
    (root / "toy/a b.png").write_bytes(picture())

    def broken(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.read_bytes", broken)
    with pytest.raises(OSError, match="a picture that record 2 names: Permission denied") as error:
        everything(source, root)
    assert "a b" not in str(error.value)
