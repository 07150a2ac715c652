"""Whatever text UTF-8 can carry: what goes in comes out of segment, catalog and views, code point for code point."""

import tempfile
from itertools import count
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import Store, chat, prompt_id, read_model, releases, sample_id, with_text

ODD = [
    "\0",
    "a\0b",
    "",
    "\u2028\u2029\x85\x1c",
    "e\u0301",
    "\u00e9",
    "\u202eabc\u202c\u2066\u2069",
    "👩\u200d👩\u200d👧",
    "🏴\U000e0067\U000e0062\U000e007f",
    "\U0010ffff\ufffe\ufeff",
    "问：1＋1＝？\u3000答：２",
    "'\"\\ \r\n\t%_{}",
    "null",
    "NaN",
    "\ue000\U000f0000",
]
TEXT = st.sampled_from(ODD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TEXT_PART = st.builds(lambda text: {"type": "text", "text": text, "media_id": None}, TEXT)
PART = TEXT_PART | st.builds(
    lambda name: {"type": "image", "text": None, "media_id": name}, st.sampled_from(["m" * 64])
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant"]), "content": st.lists(PART, max_size=3)}
)
EXCHANGES = st.lists(st.lists(MESSAGE, max_size=4), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def kept():
    """One store and catalog that every example adds to: ids are content-addressed, so none disturbs another."""
    with tempfile.TemporaryDirectory() as folder:
        yield Store(Path(folder) / "store"), count()


def frame(rows):
    return pl.DataFrame([row | {"stage_id": "s"} for row in rows], infer_schema_length=None)


@settings(max_examples=8)
@given(exchanges=EXCHANGES)
def test_messages_come_back_as_they_went_in_wherever_they_are_read(kept, exchanges):
    store, numbers = kept
    rows = [{"sample_id": sample_id(m), "prompt_id": prompt_id(m), "messages": m} for m in exchanges]
    batch = f"batch-{next(numbers)}"
    store.commit(batch, {"samples": frame(rows)})
    read = store.read("samples", batch_id=batch)
    assert read.drop("stage_id").to_dicts() == rows
    assert [sample_id(messages) for messages in read["messages"].to_list()] == read["sample_id"].to_list()

    read_model.build(store)
    with read_model.connect(store.path) as catalog:
        found = catalog.execute("select sample_id, messages from samples").fetchall()
        assert {row["sample_id"]: row["messages"] for row in rows}.items() <= dict(found).items()
        # The view and the columns that a stage derives must tell one text.
        seen = {row[0]: row[1:] for row in catalog.execute("select sample_id, prompt, response from rows").fetchall()}
    for row in with_text(read).iter_rows(named=True):
        assert seen[row["sample_id"]] == (row["prompt"], row["response"])


@settings(max_examples=15)
@given(prompt=TEXT, response=st.none() | TEXT)
def test_a_single_turn_has_its_text_as_prompt_and_response(prompt, response):
    messages = chat(prompt, response)
    batch = with_text(frame([{"sample_id": sample_id(messages), "messages": messages}]))
    assert batch.select("prompt", "response").rows() == [(prompt, response)]


@settings(max_examples=6)
@given(texts=st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT), min_size=1, max_size=8))
def test_every_other_column_keeps_its_text_too(kept, texts):
    store, numbers = kept
    rows = [
        {"sample_id": sample_id(chat(text[0])), "source": text[0], "file": text[1], "line": next(numbers)}
        | {"source_id": text[2], "source_label": text[3], "source_group": text[0]}
        for text in texts
    ]
    batch = f"batch-{next(numbers)}"
    store.commit(batch, {"occurrences": frame(rows)})
    assert store.read("occurrences", batch_id=batch).drop("stage_id").to_dicts() == rows
    read_model.build(store)
    with read_model.connect(store.path) as catalog:
        found = catalog.execute("select * exclude (stage_id, added_seq, removed_seq) from occurrences").fetchall()
    assert {tuple(row.values()) for row in rows} <= set(found)


@settings(max_examples=8)
@given(names=st.lists(TEXT.filter(bool), min_size=1, max_size=3, unique=True), label=TEXT, category=st.none() | TEXT)
def test_a_release_of_wild_labels_keeps_its_digest(names, label, category):
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store")
        ids = [sample_id(chat(name)) for name in names]
        members = pl.DataFrame({"sample_id": ids, "split": ["train"] * len(ids), "cluster_id": ids})
        answers = [
            {"annotation_id": name, "sample_id": who, "task": "value", "label": label, "unsafe": None}
            | {"category": category, "subcategory": None, "origin": "human", "annotator": name}
            for who, name in zip(ids, names, strict=True)
        ]
        store.commit("answers", {"annotations": frame(answers)})
        made = releases.freeze(store, members, store.read("annotations"), name="wild")
        rows = made["tables"]["release_rows"].with_columns(stage_id=pl.lit("s"))
        store.commit("release", {"release_rows": rows}, entries=made["entries"])
        assert releases.find_release(store, "wild")["release_id"] == made["release_id"]
        kept_rows = releases.release_rows(store, made["release_id"])
        assert kept_rows["label"].to_list() == [label] * len(ids)
        assert kept_rows["category"].to_list() == [category] * len(ids)


def test_a_lone_surrogate_is_refused_before_anything_is_written(store):
    messages = chat("a \udfff b")
    with pytest.raises(ValueError):
        sample_id(messages)
    with pytest.raises(ValueError):
        store.commit("b", {"samples": frame([{"sample_id": "i", "prompt_id": "p", "messages": messages}])})
    assert not store.has("b") and store.read("samples").is_empty()
