"""Cells and targets small enough to be worked by hand."""

import polars as pl
import pytest

from synth.balance import KEY, Targets


@pytest.fixture
def cells():
    """Make a frame of cells from `(key..., samples)` rows."""

    def make(*rows):
        schema = dict.fromkeys(KEY, pl.String) | {"samples": pl.Int64, "clusters": pl.Int64}
        return pl.DataFrame([(*row, row[-1]) for row in rows], schema=schema, orient="row")

    return make


@pytest.fixture
def only():
    """Targets of value and text alone: the ten values have 61 sub-categories, each with four cells."""

    def make(**others):
        facts = {"tasks": {"value": 1}, "modalities": {"text": 1}, "least_per_subcategory": 0} | others
        return Targets.model_validate(facts)

    return make
