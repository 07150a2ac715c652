"""The long table: slices, nulls, coverage, intervals."""

import numpy as np
import polars as pl
import pytest

from verifiers.evaluate import Answers, measure


@pytest.fixture
def table(rows: pl.DataFrame) -> pl.DataFrame:
    """A verifier that is right but for one row in eight and abstains on one in ten, and a baseline that guesses."""
    n = rows.height
    unsafe = rows["unsafe"].to_numpy()
    p = np.where(np.arange(n) % 8 == 7, 0.5, np.where(unsafe, 0.9, 0.1))
    p[::10] = np.nan
    guess = np.random.default_rng(0).random(n)
    label = np.where(np.isnan(p), -1, np.where(p >= 0.5, 3, 0))
    chinese_is_safe = rows.with_columns(unsafe=pl.col("unsafe") & (pl.col("language") == "en"))
    return measure(
        chinese_is_safe,
        Answers("verifier", p, p, label, np.zeros(n)),
        Answers("baseline", guess, guess),
        split="test",
    )


def line(table: pl.DataFrame, model: str, name: str, metric: str) -> dict:
    found = table.filter(model=model, slice=name, metric=metric).to_dicts()
    assert len(found) == 1
    return found[0]


def test_what_was_not_scored_is_counted_and_left_out_of_the_figures(table, rows):
    assert line(table, "verifier", "all", "coverage")["value"] == pytest.approx(0.9)
    assert line(table, "verifier", "all", "not_scored")["value"] == 16
    assert line(table, "verifier", "all", "not_scored")["n"] == 160
    # every row that is left out is unsafe or in the Chinese half: 144 are scored, by both models
    for model in ("verifier", "baseline"):
        assert line(table, model, "all", "auroc")["n"] == 144


def test_a_slice_with_one_class_has_null_and_not_zero(table):
    chinese = line(table, "verifier", "language=zh", "auroc")
    assert chinese["value"] is None and chinese["low"] is None
    assert chinese["n"] == 72 and chinese["positives"] == 0
    assert line(table, "verifier", "language=zh", "brier")["value"] is not None


def test_every_slice_is_there_with_its_counts(table, rows):
    names = set(table["slice"])
    assert {"all", "language=en", "modality=text", "source=forum", "origin=synth", "origin=original"} <= names
    assert {"category=fraud", "category=cyber"} <= names
    assert table["n"].null_count() == table["positives"].null_count() == 0


def test_an_interval_holds_its_figure_and_the_difference_is_paired(table):
    figure = line(table, "verifier", "all", "auroc")
    assert figure["low"] <= figure["value"] <= figure["high"]
    difference = line(table, "verifier", "all", "auroc_difference")
    other = line(table, "baseline", "all", "auroc")
    assert difference["value"] == pytest.approx(figure["value"] - other["value"])
    assert 0 < difference["low"] < difference["value"] < difference["high"]


def test_six_way_figures_are_over_rows_with_a_six_way_label(table, rows):
    accuracy = line(table, "verifier", "all", "accuracy")
    known = rows["label"].is_not_null().to_numpy() & (np.arange(160) % 10 != 0)
    assert accuracy["n"] == known.sum()


def test_the_length_of_the_reply_alone_is_reported(table):
    assert 0 <= line(table, "length", "language=en", "auroc")["value"] <= 1


def test_a_slice_that_was_not_scored_at_all_has_no_figures(rows):
    nothing = np.full(rows.height, np.nan)
    table = measure(
        rows,
        Answers("verifier", nothing, nothing, np.full(rows.height, -1), np.zeros(rows.height)),
        Answers("baseline", np.full(rows.height, 0.5), np.full(rows.height, 0.5)),
        split="test",
    )
    assert line(table, "verifier", "all", "coverage")["value"] == 0
    for metric in ("auroc", "brier", "ece_after", "f1"):
        assert line(table, "verifier", "all", metric) | {"n": 0} == line(table, "verifier", "all", metric)
        assert line(table, "verifier", "all", metric)["value"] is None


def test_an_empty_split_gives_an_empty_table(rows):
    none = np.zeros(0)
    assert measure(
        rows.clear(), Answers("verifier", none, none), Answers("baseline", none, none), split="test"
    ).is_empty()
