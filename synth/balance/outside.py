"""What fills no cell, and why: work for a labeller rather than for a generator."""

import polars as pl

from catalog import taxonomy
from synth.balance.cells import CONFLICT, KEY, NO_LABEL, SAFE_UNKNOWN, UNSAFE_UNKNOWN
from synth.balance.targets import Targets
from synth.balance.wanted import wanted


def outside(cells: pl.DataFrame, targets: Targets) -> pl.DataFrame:
    """Samples in cells without a target, by the first reason that holds.

    Args:
        cells: As `cells.count` gives them.
        targets: What each is to hold.

    Returns:
        `why` and `samples`, the most first.
    """
    shipped = taxonomy.load()
    dimension = {entry.id: shipped.dimension(entry.id) for entry in shipped.entries()}
    lies_in = pl.col("category").replace_strict(dimension, default=None, return_dtype=pl.String)
    why = (
        pl.when(pl.col("label") == NO_LABEL)
        .then(pl.lit("no label"))
        .when(pl.col("label") == CONFLICT)
        .then(pl.lit("labels conflict"))
        .when(pl.col("label").is_in([SAFE_UNKNOWN, UNSAFE_UNKNOWN]))
        .then(pl.lit("only the binary label is known"))
        .when(pl.col("language").is_in(list(targets.languages)).not_())
        .then(pl.lit("another language"))
        .when(lies_in.ne_missing(pl.col("task")) & pl.col("category").is_not_null())
        .then(pl.lit("category of another task"))
        .when(pl.col("subcategory").is_null())
        .then(pl.lit("no sub-category"))
        .otherwise(pl.lit("nothing is wanted there"))
    )
    without = cells.join(wanted(targets), on=KEY, how="anti", nulls_equal=True)
    return without.group_by(why=why).agg(pl.col("samples").sum()).sort("samples", "why", descending=[True, False])
