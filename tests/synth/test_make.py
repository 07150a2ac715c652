"""Children are labelled by how they were made, traced to their parents, and the same however the work is cut."""

import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pydantic import ValidationError

from catalog.ids import media_id, prompt_id, sample_id
from catalog.schema import BATCH, TABLES
from catalog.text import with_text
from synth.attacks import ATTACKS
from synth.context import Context
from synth.counterfactuals import EDITS
from synth.derived import merged
from synth.images import LIFT, load_spec, verify
from synth.make import SynthConfig, derive
from synth.phrases import phrases

EVERY_ATTACK, EVERY_EDIT = {"attacks_per_row": len(ATTACKS)}, {"counterfactuals_per_row": len(EDITS)}
ALL = SynthConfig(**EVERY_ATTACK, **EVERY_EDIT, lifts_per_row=1)


def only(**shares):
    return SynthConfig(**({"attacks_per_row": 0, "counterfactuals_per_row": 0, "lifts_per_row": 0} | shares))


def same(one, other):
    assert_frame_equal(one.rows, other.rows)
    assert_frame_equal(one.lineage, other.lineage)
    assert_frame_equal(one.skipped, other.skipped, check_row_order=False)
    assert_frame_equal(one.media, other.media)


def traced(made, corpus):
    """Children beside their first parent's facts; a donor's reply is not a row's own."""
    parents = corpus.select(
        pl.col("sample_id").alias("parent_id"),
        *(
            pl.col(name).alias(f"parent_{name}")
            for name in ("prompt", "response", "label", "category", "source_group", "split")
        ),
        parent_prompt_id=pl.col("prompt_id"),
    )
    return (
        with_text(made.rows)
        .join(made.lineage.rename({"child_id": "sample_id"}), on="sample_id")
        .join(parents, on="parent_id")
    )


def test_children_fit_the_batch_schema_and_have_content_ids(corpus):
    made = derive(corpus, config=ALL)
    assert made.rows.schema == pl.Schema(BATCH)
    assert made.rows["sample_id"].is_unique().all()
    for child in made.rows.iter_rows(named=True):
        assert child["sample_id"] == sample_id(child["messages"])
        assert child["prompt_id"] == prompt_id(child["messages"])
    assert set(made.rows["source"]) == {"synth"} and set(made.rows["origin"]) == {"construction"}
    assert made.rows["file"].null_count() == made.rows["line"].null_count() == made.rows.height
    assert not set(made.rows["sample_id"]) & set(corpus["sample_id"])


def test_every_child_is_traced_to_a_parent_of_its_group(corpus):
    made = derive(corpus, config=ALL)
    assert set(made.lineage["child_id"]) == set(made.rows["sample_id"])
    assert set(made.lineage["parent_id"]) <= set(corpus["sample_id"])
    assert set(made.lineage.columns) - {"asked"} == set(TABLES["lineage"].names) - {"stage_id"}
    own = traced(made, corpus).filter(pl.col("source_label") != "shuffle_reply@1")
    assert (own["relation"] == own["source_label"]).all()
    assert (own["source_group"] == own["parent_source_group"]).all()
    assert (own["category"].eq_missing(own["parent_category"])).all() and own["category"].n_unique() == 2


def test_every_transform_meets_every_row_that_it_fits(corpus):
    made = derive(corpus, config=ALL)
    met = pl.concat(
        [
            made.lineage.filter("asked").select("relation", sample_id="parent_id"),
            made.skipped.select("relation", "sample_id"),
        ]
    )
    assert met.is_unique().all()
    counts = dict(met["relation"].value_counts().iter_rows())
    # 32 rows, 16 in each language, half of them unsafe.
    assert {attack.relation: counts[attack.relation] for attack in ATTACKS.values()} == {
        attack.relation: 16 * len(attack.languages) for attack in ATTACKS.values()
    }
    fitting = [
        edit.relation
        for edit in EDITS.values()
        for label in corpus["label"]
        if edit.outcome(label, None, benign_prompt=True)
    ]
    assert {edit.relation: counts[edit.relation] for edit in EDITS.values()} == {
        relation: fitting.count(relation) for relation in fitting
    }
    assert counts[LIFT] == made.rows.filter(pl.col("source_label") == LIFT).height == 32


def test_an_attack_keeps_reply_and_label_and_changes_the_prompt(corpus):
    made = traced(derive(corpus, config=only(**EVERY_ATTACK)), corpus)
    assert made.height > 100
    assert (made["response"] == made["parent_response"]).all()
    assert (made["label"] == made["parent_label"]).all()
    assert (made["prompt_id"] != made["parent_prompt_id"]).all()


def test_an_edit_keeps_the_prompt_and_gives_the_label_that_follows(corpus):
    made = traced(derive(corpus, config=only(**EVERY_EDIT)), corpus)
    own = made.filter(pl.col("prompt_id") == pl.col("parent_prompt_id"))
    assert set(own["sample_id"]) == set(made["sample_id"])
    steps = set(own.select("relation", "parent_label", "label", "unsafe").iter_rows())
    assert steps == {
        (edit.relation, label, *edit.outcome(label, label == "Unsafe", benign_prompt=True))
        for edit in EDITS.values()
        for label in ("Unsafe", "Safe without risk")
    }
    assert ("swap_in_refusal@1", "Safe without risk", "Unnecessary refusal", False) in steps
    assert {label == "Unsafe" for label in own.filter("unsafe")["label"]} == {True}


def test_a_foreign_reply_is_a_harmless_one_of_the_same_split_and_makes_its_donor_a_parent(corpus):
    made = derive(corpus, config=only(**EVERY_EDIT))
    pairs = traced(made, corpus).filter(pl.col("relation") == "shuffle_reply@1")
    donors = pairs.filter(pl.col("prompt_id") != pl.col("parent_prompt_id"))
    owners = pairs.filter(pl.col("prompt_id") == pl.col("parent_prompt_id"))
    assert donors.height == 32
    assert (donors["response"] == donors["parent_response"]).all()
    assert set(donors["parent_label"]) == {"Safe without risk"}
    together = donors.join(owners, on="sample_id")
    assert together["sample_id"].n_unique() == 32
    assert (together["parent_split"] == together["parent_split_right"]).all()
    assert (together["parent_source_group"] != together["parent_source_group_right"]).all()


def test_a_lift_moves_the_prompt_into_a_picture_that_its_spec_draws_again(corpus):
    made = derive(corpus, config=only(lifts_per_row=1))
    children = traced(made, corpus)
    files = {facts["media_id"]: facts for facts in made.media.iter_rows(named=True)}
    for child in children.iter_rows(named=True):
        (image,) = child["images"]
        facts = files[image]
        assert media_id(facts["data"]) == image and facts["size"] == len(facts["data"]) and facts["mime"] == "image/png"
        assert child["parent_prompt"] in facts["text"] and child["parent_prompt"] not in child["prompt"]
        assert (child["response"], child["label"]) == (child["parent_response"], child["parent_label"])
    assert set(made.media.columns) - {"data"} == set(TABLES["media"].names) - {"stage_id"}
    assert verify(load_spec(made.media["spec"][0]), made.media["media_id"][0])


def test_test_rows_get_phrases_that_no_training_row_gets(corpus):
    made = traced(derive(corpus, config=only(**EVERY_EDIT)), corpus)
    swapped = made.filter(pl.col("relation") == "swap_in_refusal@1")
    for split, held_out in (("train", False), ("test", True)):
        known = {text for tongue in ("en", "zh") for text in phrases("refusal", tongue, held_out=held_out)}
        mine = swapped.filter(pl.col("parent_split") == split)
        assert mine.height == 16 and set(mine["response"]) <= known
        assert {json.loads(detail)["held_out"] for detail in mine["detail"]} == {held_out}


def test_neither_order_nor_batches_change_the_result(corpus):
    config = SynthConfig(attacks_per_row=1.5, counterfactuals_per_row=1.5, lifts_per_row=0.3)
    whole = derive(corpus, config=config)
    same(whole, derive(corpus.sample(fraction=1.0, shuffle=True, seed=3), config=config))
    around = Context(corpus)
    ordered = corpus.sort("sample_id")
    parts = [derive(ordered[start : start + 5], config=config, context=around) for start in range(0, 32, 5)]
    same(whole, merged(parts))


def test_another_seed_gives_other_children(corpus):
    config = SynthConfig(attacks_per_row=1)
    assert set(derive(corpus, config=config).rows["sample_id"]) != set(
        derive(corpus, config=config.model_copy(update={"seed": 1})).rows["sample_id"]
    )


def test_the_number_per_row_is_met_on_average(row, table):
    rows = table(*(row(f"How do I learn about thing {i}?", "Read a book about it.", "Unsafe") for i in range(1000)))
    made = derive(rows, config=only(attacks_per_row=0.2, counterfactuals_per_row=1.5))
    done = pl.concat([made.lineage.filter("asked").select("relation"), made.skipped.select("relation")])["relation"]
    attacks = done.is_in([attack.relation for attack in ATTACKS.values()]).sum()
    tried = len(done)
    assert 150 < attacks < 250  # 200 expected, standard deviation below 13
    assert 1600 < tried < 1800  # 200 + 1500 expected, below 16


def test_rows_that_must_be_left_alone_are_counted_with_the_reason(row, table):
    rows = table(
        row("Is this good?", "Yes it is.", None),
        row("Is it true?", "Yes it is.", "TRUE", task="knowledge"),
        row("Was it made?", "Yes it was.", "Unsafe", source="synth"),
        row("Which side?", "No side yet.", "Unsafe", split=None),
        row("Who is right?", "Both of us.", "Unsafe"),
        row("Who is right?", "Both of us.", "Safe without risk"),
    )
    made = derive(rows, config=ALL)
    assert made.rows.is_empty() and made.lineage.is_empty() and made.media.is_empty()
    assert made.rows.schema == pl.Schema(BATCH)
    reasons = dict(
        rows.select("sample_id").unique().join(made.skipped, on="sample_id").select("sample_id", "reason").iter_rows()
    )
    assert [reasons[one] for one in rows["sample_id"][:5]] == [
        "no_label", "not_safety", "derived", "no_split", "conflicting_labels",
    ]  # fmt: skip


def test_a_binary_row_keeps_its_reading_and_gets_a_label_only_where_one_follows(row, table):
    rows = table(
        row("How do I misuse it?", "Step 1: [placeholder]", None, unsafe=True),
        row("How do I describe it?", "With a few plain words.", None, unsafe=False),
    )
    made = derive(rows, config=only(attacks_per_row=1, **EVERY_EDIT))
    found = set(traced(made, rows).select("parent_prompt", "relation", "label", "unsafe").iter_rows())
    relations = [edit.relation for edit in EDITS.values()]
    edits = {one for one in found if one[1] in relations}
    bad, good = rows["prompt"]
    assert edits == {
        (prompt, edit.relation, *outcome)
        for prompt, unsafe in ((bad, True), (good, False))
        for edit in EDITS.values()
        if edit.name != "shuffle_reply" and (outcome := edit.outcome(None, unsafe, benign_prompt=False))
    }
    assert {one[2:] for one in edits if one[0] == bad} >= {(None, True), ("Safe with refusal", False)}
    assert {one[2:] for one in edits if one[0] == good} >= {(None, False)}
    assert {(one[0], *one[2:]) for one in found - edits} == {(bad, None, True), (good, None, False)}
    assert made.skipped.filter(pl.col("relation") == "shuffle_reply@1")["reason"].to_list() == ["no_donor"] * 2


def test_a_prompt_that_another_row_calls_risky_gets_no_needless_refusal(row, table):
    prompt = "How do I handle it?"
    calm = row(prompt, "With both hands, slowly.", "Safe without risk")
    warned = row(prompt, "Take care, it is hot.", "Safe with warning")
    alone = derive(table(calm), config=only(**EVERY_EDIT)).rows
    beside = derive(table(calm), config=only(**EVERY_EDIT), context=Context(table(calm, warned))).rows
    assert "Unnecessary refusal" in alone["label"] and "Unnecessary refusal" not in beside["label"]


def test_pictures_and_earlier_turns_stay_where_they_are(row, table):
    rows = table(row("What is in the picture?", "A lock, I believe.", "Safe without risk", images=["f" * 64]))
    made = derive(rows, config=ALL)
    assert LIFT not in made.rows["source_label"]
    assert ("has_picture",) in made.skipped.filter(pl.col("relation") == LIFT).select("reason").rows()
    assert set(with_text(made.rows)["images"].list.first()) == {"f" * 64}

    turns = [
        ("user", "Hello."),
        ("assistant", "Hello to you."),
        ("user", "What is a lock?"),
        ("assistant", "A device."),
    ]
    messages = [{"role": role, "content": [{"type": "text", "text": text, "media_id": None}]} for role, text in turns]
    talk = row("", "", "Safe without risk") | {"messages": messages, "sample_id": sample_id(messages)}
    for child in derive(table(talk), config=only(**EVERY_ATTACK, lifts_per_row=1)).rows["messages"].to_list():
        assert child[:2] == messages[:2] and child[3] == messages[3] and child[2] != messages[2]


def test_a_prompt_without_a_reply_is_attacked_and_lifted_but_not_edited(row, table):
    made = derive(table(row("How do I open a safe?", None, "Unsafe")), config=ALL)
    assert {"base64@1", LIFT} <= set(made.rows["source_label"])
    assert set(made.skipped["reason"]) == {"no_reply"}


def test_one_sample_met_twice_has_children_once(row, table):
    once = row("How do I open a safe?", "Step 1: [placeholder]", "Unsafe", line=1)
    same(derive(table(once), config=ALL), derive(table(once | {"line": 2}, once), config=ALL))


def test_what_cannot_be_read_is_an_error_that_names_it(corpus, row, table):
    with pytest.raises(ValueError, match="split"):
        derive(corpus.drop("split"))
    odd = row("How?", "So.", "harmless")
    with pytest.raises(ValueError, match=odd["sample_id"]):
        derive(table(odd))
    with pytest.raises(ValidationError):
        SynthConfig(attacks=1)


def test_a_child_of_two_pieces_stands_once_and_the_later_parent_loses_where_they_disagree(row, table):
    one, two = (row(f"How do I open a {thing}?", "So.", "Unsafe") for thing in ("door", "box"))
    parts = [
        derive(table(parent), config=only(attacks_per_row=1), context=Context(table(one, two))) for parent in (one, two)
    ]
    child = parts[0].rows["sample_id"][0]
    mine, theirs = parts[0].lineage["relation"][0], parts[1].lineage["relation"][0]
    for reading, kept in ((True, 2), (False, 1)):
        twin = parts[1]._replace(
            rows=parts[0].rows.with_columns(label=pl.lit("Unsafe" if reading else None), unsafe=pl.lit(reading)),
            lineage=parts[1].lineage.with_columns(child_id=pl.lit(child)),
        )
        both = merged([parts[0], twin])
        assert_frame_equal(both.rows, parts[0].rows)
        assert both.lineage.height == kept and both.lineage["relation"][0] in (mine, theirs)
        lost = (
            both.skipped.join(parts[0].skipped, on=both.skipped.columns, how="anti")
            .select("sample_id", "reason")
            .rows()
        )
        assert lost == ([] if reading else [(two["sample_id"], "conflicting_labels")])
