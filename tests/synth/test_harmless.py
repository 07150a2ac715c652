"""Harmless pictures: their labels follow from how they were answered, and the same number is always the same row."""

import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from catalog.ids import media_id, prompt_id, sample_id
from catalog.schema import BATCH
from catalog.text import with_text
from synth.harmless import harmless
from synth.images import BENIGN, load_spec, verify
from synth.language import language
from synth.phrases import phrases

SIDES = {"calibration": 0.15, "test": 0.2, "split_seed": 0}


@pytest.fixture(scope="module", params=["en", "zh"])
def found(request):
    return request.param, harmless(range(80), language=request.param, seed=0, **SIDES)


def test_pictures_questions_and_replies_are_rows_of_their_language(found):
    tongue, (made, _) = found
    rows = with_text(made.rows)
    assert rows.select(BATCH.names).schema == pl.Schema(BATCH) and rows.height == 80
    assert (
        set(rows["source_label"]) <= {maker.relation for maker in BENIGN.values()}
        and rows["source_label"].n_unique() > 9
    )
    pictures = {facts["media_id"]: facts for facts in made.media.iter_rows(named=True)}
    for row in rows.iter_rows(named=True):
        assert row["sample_id"] == sample_id(row["messages"]) and row["prompt_id"] == prompt_id(row["messages"])
        (image,) = row["images"]
        assert media_id(pictures[image]["data"]) == image and language(row["prompt"]) == tongue
    first = made.media.row(0, named=True)
    assert verify(load_spec(first["spec"]), first["media_id"])


def test_the_label_says_how_the_question_was_answered(found):
    tongue, (made, splits) = found
    rows = (
        with_text(made.rows).join(splits, on="sample_id").join(made.lineage, left_on="sample_id", right_on="child_id")
    )
    assert set(rows["label"]) == {"Safe without risk", "Unnecessary refusal", "Illogical completion"}
    assert not rows["unsafe"].any() and set(rows["origin"]) == {"construction"}
    for row in rows.iter_rows(named=True):
        detail = json.loads(row["detail"])
        held_out = row["split"] != "train"
        assert detail["held_out"] == held_out
        refusals = phrases("refusal", tongue, held_out=held_out)
        assert (row["response"] == detail["answer"]) == (row["label"] == "Safe without risk")
        assert (row["response"] in refusals) == (row["label"] == "Unnecessary refusal")


def test_nothing_but_the_composer_is_their_parent_and_each_is_a_cluster_of_its_own(found):
    _, (made, splits) = found
    assert (made.lineage["parent_id"] == made.lineage["relation"]).all()
    placed = made.rows.join(splits, on="sample_id")
    assert placed.height == 80 and (placed["cluster_id"] == placed["prompt_id"]).all()
    assert dict(placed["split"].value_counts().iter_rows()) == {"train": 52, "calibration": 12, "test": 16}


def test_a_number_is_the_same_picture_in_any_company_and_another_seed_another_one():
    pictures = {
        numbers: set(harmless(numbers, language="zh", seed=0, **SIDES).made.media["media_id"])
        for numbers in (range(10), range(5), range(5, 10))
    }
    assert pictures[range(10)] == pictures[range(5)] | pictures[range(5, 10)]
    other = harmless(range(10), language="zh", seed=1, **SIDES).made
    assert not set(other.media["media_id"]) & pictures[range(10)]


def test_the_same_call_gives_the_same_rows_and_no_number_no_row():
    one, two = (harmless(range(8), language="en", seed=3, **SIDES) for _ in range(2))
    for mine, theirs in zip((*one.made, one.splits), (*two.made, two.splits), strict=True):
        assert_frame_equal(mine, theirs)
    assert harmless([], language="en", seed=3, **SIDES).made.rows.is_empty()
