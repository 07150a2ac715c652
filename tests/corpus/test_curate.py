"""The best rows of each cell, in any order of the rows, and no cell fills another."""

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.curate import Selection, read_selection, select

ROOT = Path(__file__).resolve().parent.parent.parent


def rows(*given, **more):
    """Rows of (id, label, cluster, difficulty); all of them safety rows."""
    schema = {"sample_id": pl.String, "label": pl.String, "cluster_id": pl.String, "difficulty": pl.Float64}
    return pl.DataFrame(list(given), schema=schema, orient="row").with_columns(task=pl.lit("safety"), **more)


def some(**options):
    return Selection.model_validate({"rows": 2, "by": ["label"]} | options)


def chosen(frame, selection, vectors=None):
    return select(frame, selection, vectors)[0]["sample_id"].to_list()


FOUR = rows(("a", "Unsafe", "1", 0.1), ("b", "Unsafe", "2", 0.9), ("c", "Unsafe", "3", None), ("d", "Unsafe", "4", 0.5))


def test_the_best_come_first_and_what_is_unknown_last():
    assert chosen(FOUR, some(rows=3, order=["difficulty desc"])) == ["a", "b", "d"]
    assert chosen(FOUR, some(rows=1, order=["difficulty desc"])) == ["b"]
    assert chosen(FOUR, some(rows=1, order=["difficulty"])) == ["a"]


def test_equal_rows_are_drawn_by_lot_and_another_seed_draws_others():
    many = rows(*((f"{n:03d}", "Unsafe", str(n), 0.5) for n in range(100)))
    first = chosen(many, some(rows=10, order=["difficulty"]))
    assert first == chosen(many, some(rows=10)) and first != sorted(many["sample_id"])[:10]
    assert first != chosen(many, some(rows=10, seed=1))


def test_a_cell_that_lacks_rows_stays_short_and_nothing_fills_it():
    frame = rows(("a", "Unsafe", "1", 0), *((f"b{n}", "Safe with refusal", f"c{n}", 0) for n in range(9)))
    found, report = select(frame, some(rows=8))
    assert report.rows() == [("Safe with refusal", 4, 9, 4, 0), ("Unsafe", 4, 1, 1, 3)]
    assert report.columns == ["label", "wanted", "available", "chosen", "short"]
    assert found["label"].value_counts(sort=True).rows() == [("Safe with refusal", 4), ("Unsafe", 1)]


def test_a_null_is_a_cell_of_its_own():
    frame = rows(("a", None, "1", 0), ("b", "Unsafe", "2", 0), ("c", None, "3", 0))
    assert select(frame, some())[1].rows() == [("Unsafe", 1, 1, 1, 0), (None, 1, 2, 1, 0)]


def test_a_cluster_gives_no_more_than_it_may_in_all_cells_together():
    frame = rows(
        ("a", "Unsafe", "one", 0.9), ("b", "Unsafe", "one", 0.8), ("c", "Unsafe", "two", 0.1),
        ("d", "Safe with refusal", "one", 0.5), ("e", "Safe with refusal", "three", 0.1),
        ("f", "Safe with refusal", "four", 0.2),
    )  # fmt: skip
    found, report = select(frame, some(rows=4, order=["difficulty desc"], max_per_cluster=1))
    assert found["sample_id"].to_list() == ["a", "c", "e", "f"]
    assert report["short"].sum() == 0


def test_the_scarcest_cell_chooses_first():
    frame = rows(
        ("a", "Unsafe", "one", 0.5), ("b", "Safe with refusal", "one", 0.9),
        ("c", "Safe with refusal", "two", 0.1), ("d", "Safe with refusal", "three", 0),
    )  # fmt: skip
    assert chosen(frame, some(order=["difficulty desc"], max_per_cluster=1)) == ["a", "c"]


def test_full_clusters_leave_a_cell_short():
    frame = rows(("a", "Unsafe", "one", 0), ("b", "Unsafe", "one", 0))
    assert select(frame, some(max_per_cluster=1))[1].rows() == [("Unsafe", 2, 2, 1, 1)]


def test_spread_takes_the_farthest_of_the_best():
    degrees = np.radians([0, 1, 90, 45])
    vectors = np.stack([np.cos(degrees), np.sin(degrees)], axis=1).astype(np.float32)
    frame = rows(*(("abcd"[n], "Unsafe", str(n), 1 - n / 10) for n in range(4)))
    asked = {"order": ["difficulty desc"]}
    assert chosen(frame, some(**asked), vectors) == ["a", "b"]
    assert chosen(frame, some(spread=2, **asked), vectors) == ["a", "c"]  # of the best four
    assert chosen(frame, some(rows=3, spread=2, **asked), vectors) == ["a", "c", "d"]


def test_the_order_of_the_rows_makes_no_difference_to_spread():
    vectors = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    frame = rows(*((f"{n:02d}", "Unsafe", str(n % 7), 0.5) for n in range(40)))
    turned = np.random.default_rng(1).permutation(40)
    asked = some(rows=10, spread=3, max_per_cluster=3)
    assert chosen(frame, asked, vectors) == chosen(frame[turned], asked, vectors[turned])


WILD = st.lists(
    st.tuples(
        st.sampled_from(["Unsafe", "Safe with refusal", "拒绝", None]),
        st.sampled_from("xyz"),
        st.none() | st.floats(0, 1),
    ),
    min_size=1,
    max_size=30,
)


@given(WILD, st.integers(1, 40), st.none() | st.integers(1, 4), st.randoms(use_true_random=False))
def test_every_cell_is_accounted_for(found, total, cap, random):
    frame = rows(*((f"{n:02d}", label, cluster, hard) for n, (label, cluster, hard) in enumerate(found)))
    selection = some(rows=total, max_per_cluster=cap, order=["difficulty"])
    kept, report = select(frame, selection)
    assert report["wanted"].sum() == total and report["available"].sum() == frame.height
    assert (report["chosen"] + report["short"]).equals(report["wanted"]) and report["short"].min() >= 0
    assert report["chosen"].sum() == kept.height == kept["sample_id"].n_unique()
    assert cap is None or kept.is_empty() or kept["cluster_id"].value_counts()["count"].max() <= cap
    places = list(range(frame.height))
    random.shuffle(places)
    again, same = select(frame[places], selection)
    assert again.equals(kept) and same.equals(report)


@pytest.mark.parametrize(
    ("frame", "options", "says"),
    [
        (FOUR, {"by": ["language"]}, "no column 'language'"),
        (FOUR, {"order": ["novelty"]}, "no column 'novelty'"),
        (FOUR, {"spread": 2}, "spread needs the vectors"),
        (pl.concat([FOUR, FOUR]), {}, "stands there twice"),
        (FOUR, {"rows": 9, "cells": [{"most": 3}]}, "3 at the most"),
    ],
)
def test_what_cannot_be_chosen_is_refused(frame, options, says):
    with pytest.raises(ValueError, match=says):
        select(frame, some(**options))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rows: 10\nquota: 3", "quota: unknown key"),
        ("rows: 10\nby: [label]\nshares: {language: {en: 1}}", "language is not among `by`: label"),
        ("rows: 10\nshares: {language: {en: 0}}", "one of them above 0"),
        ("rows: 10\nby: [label]\ncells: [{task: safety, least: 1}]", "task is not among `by`"),
        ("rows: 10\norder: [difficulty down]", "'difficulty down' is no column"),
    ],
)
def test_a_file_that_is_not_valid_says_what_to_mend(text, says, tmp_path):
    file = tmp_path / "selection.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError) as error:
        read_selection(file)
    assert str(file) in str(error.value) and says in str(error.value)


@pytest.mark.parametrize("place", ["examples/curate.yaml", "docs/curation.md"])
def test_the_selections_that_we_show_are_selections(place, tmp_path):
    text = (ROOT / place).read_text(encoding="utf-8")
    if place.endswith(".md"):
        (text,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.M | re.S)
    file = tmp_path / "selection.yaml"
    file.write_text(text, encoding="utf-8")
    assert read_selection(file).rows > 0
