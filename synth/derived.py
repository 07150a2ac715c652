"""What a step of this floor made, and how the parts of several pieces come together."""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from catalog.schema import BATCH, TABLES

LINEAGE = {
    "child_id": pl.String,
    "parent_id": pl.String,
    "relation": pl.String,
    "seed": pl.Int64,
    "detail": pl.String,
    "asked": pl.Boolean,
}
SKIPPED = {"sample_id": pl.String, "relation": pl.String, "reason": pl.String}
MEDIA = {name: kind for name, kind in pl.Schema(TABLES["media"]).items() if name != "stage_id"} | {"data": pl.Binary}


class Derived(NamedTuple):
    """Children, their lineage, their pictures, and what did not apply.

    `rows` has the columns of `catalog.schema.BATCH`, once per sample; `lineage` and `media` those of their tables
    without `stage_id`. `asked` in the lineage is true for the parent that gave the request, false for one that gave a
    reply. `data` in the media is the file. `skipped` has `sample_id`, `relation` and `reason`; relation `derive` means
    that the whole row was left alone.
    """

    rows: pl.DataFrame
    lineage: pl.DataFrame
    media: pl.DataFrame
    skipped: pl.DataFrame


def merged(parts: Sequence[Derived]) -> Derived:
    """Put pieces together: the same as if their parents had been one piece in this order.

    A child that two pieces made stands once. Where they disagree about its label, the later parent is skipped as
    `conflicting_labels`.

    Args:
        parts: In the order of the ids of their parents; `media` may lack `data`.
    """
    rows, lineage = (
        pl.concat([frame.with_columns(piece=pl.lit(n, pl.Int64)) for n, frame in enumerate(frames)])
        for frames in ([part.rows for part in parts], [part.lineage for part in parts])
    )
    first = [pl.col(name).first().over("sample_id") for name in ("label", "unsafe")]
    clash = pl.col("label").ne_missing(first[0]) | pl.col("unsafe").ne_missing(first[1])
    clashes = rows.filter(clash).select("piece", child_id="sample_id")
    lost = lineage.join(clashes, on=["piece", "child_id"]).filter("asked")
    late = lost.select(sample_id="parent_id", relation="relation", reason=pl.lit("conflicting_labels"))
    return Derived(
        rows.drop("piece").unique("sample_id", keep="first").sort("sample_id"),
        lineage.join(clashes, on=["piece", "child_id"], how="anti")
        .drop("piece")
        .unique()
        .sort("child_id", "parent_id", "relation"),
        pl.concat([part.media for part in parts], how="diagonal").unique("media_id", keep="first").sort("media_id"),
        pl.concat([*(part.skipped for part in parts), late]).unique().sort("sample_id", "relation"),
    )


def none() -> Derived:
    """Nothing, in the columns of `Derived`."""
    return Derived(*(pl.DataFrame(schema=schema) for schema in (pl.Schema(BATCH), LINEAGE, MEDIA, SKIPPED)))
