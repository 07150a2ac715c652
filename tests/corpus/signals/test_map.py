"""The map and its figures: which areas of meaning a cell reaches, and that no row is in the picture."""

import numpy as np
import polars as pl
import pytest

from corpus.signals.picture import coverage_map, plane
from corpus.signals.spread import areas, coverage


def test_a_cell_that_repeats_itself_reaches_few_areas():
    cells = pl.DataFrame({"category": ["wide"] * 4 + ["narrow"] * 4})
    found = coverage(cells, np.array([0, 1, 2, 3, 0, 0, 0, 1]), ["category"])
    # Shares of the areas: 4/8, 2/8, 1/8, 1/8. Four rows drawn from all reach 1 - (1 - p)^4 of each on average.
    expected = np.mean([1 - 0.5**4, 1 - 0.75**4, 1 - 0.875**4, 1 - 0.875**4])
    assert found.columns == ["category", "rows", "reached", "expected", "effective"]
    narrow, wide = found.rows()
    assert narrow == ("narrow", 4, 0.5, pytest.approx(expected), pytest.approx(2**0.8112781, abs=1e-6))
    assert wide == ("wide", 4, 1.0, pytest.approx(expected), pytest.approx(4))


def test_a_row_without_a_vector_is_left_out():
    vectors = np.array([[1, 0], [0, 0], [np.nan, 1], [0, 1]], np.float32)
    found = areas(vectors, count=2)
    assert found[1:3].tolist() == [-1, -1] and set(found[[0, 3]]) == {0, 1}
    assert coverage(pl.DataFrame({"c": ["a"] * 4}), found, ["c"])["rows"].to_list() == [2]


def test_the_plane_holds_the_two_widest_directions():
    rng = np.random.default_rng(0)
    vectors = np.ones((500, 8)) + rng.normal(size=(500, 8)) * [0.5, 0.3, *[0.01] * 6]
    at = plane(vectors.astype(np.float32))
    assert at.shape == (500, 2) and at[:, 0].std() > at[:, 1].std() > 0.05
    assert np.abs(at.mean(axis=0)).max() < 1e-6


def corpus(rows=400):
    rng = np.random.default_rng(0)
    category = rng.choice(["violence", "fraud", "honesty"], rows)
    cells = pl.DataFrame(
        {
            "task": np.where(category == "honesty", "value", "safety"),
            "category": pl.Series(category).replace("honesty", None),
            "language": rng.choice(["en", "zh"], rows),
            "modality": np.where(rng.random(rows) < 0.1, "image", "text"),
        }
    )
    hearts = {"violence": [1, 0, 0, 0], "fraud": [0, 1, 0, 0], "honesty": [0, 0, 1, 0]}
    return cells, (np.array([hearts[c] for c in category]) + 0.2 * rng.normal(size=(rows, 4))).astype(np.float32)


def test_the_map_is_the_same_every_time_and_shows_cells_not_rows():
    cells, vectors = corpus()
    svg = coverage_map(cells, vectors)
    assert svg == coverage_map(cells, vectors) and svg.startswith("<svg")
    for said in ("violence", "fraud", "(no category)", "en text", "zh image", "400 rows"):
        assert said in svg


def test_nothing_to_draw_is_said():
    cells, vectors = corpus(4)
    with pytest.raises(ValueError, match="no row has a task"):
        coverage_map(cells.with_columns(task=pl.lit(None, pl.String)), vectors)
