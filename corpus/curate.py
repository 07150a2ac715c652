"""Curation: which rows make a set, by quotas of cells and in the order of their signals."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from catalog import configuration
from corpus.quotas import Bounds, Column, wanted
from corpus.signals.lists import units


class Selection(BaseModel):
    """What a set is made of. What a file leaves out has the default shown here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: str | None = Field(None, description="Release that rows are taken from; the newest by default")
    where: str | None = Field(None, description="SQL condition that a row must hold, over its columns and signals")
    rows: int = Field(ge=1, description="Rows of the set")
    by: tuple[Column, ...] = Field(("task", "category", "language", "modality", "label"), min_length=1)
    shares: dict[Column, dict[str, float]] = Field({}, description="Weights of the values that count, per column")
    cells: tuple[Bounds, ...] = Field((), description="Least and most rows; of two that agree with a cell the later")
    order: tuple[str, ...] = Field((), description="Columns, the best row first, such as `difficulty desc`")
    max_per_cluster: int | None = Field(None, ge=1, description="Rows of one prompt cluster at the most")
    spread: int = Field(1, ge=1, description="Choose the rows farthest apart among so many times as are wanted")
    seed: int = Field(0, description="Decides between rows that are equal in `order`")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for column, shares in self.shares.items():
            if column not in self.by:
                raise ValueError(f"shares.{column}: {column} is not among `by`: {', '.join(self.by)}")
            if not shares or any(share < 0 for share in shares.values()) or not sum(shares.values()):
                raise ValueError(f"shares.{column}: expected weights of 0 or more, one of them above 0")
        for bound in self.cells:
            if strange := sorted(bound.keys.keys() - set(self.by)):
                raise ValueError(f"cells: {strange[0]} is not among `by`: {', '.join(self.by)}")
        for term in self.order:
            _column_and_direction(term)
        return self


def read_selection(path: Path) -> Selection:
    """Read a selection from YAML.

    Raises:
        ValueError: If it is not valid; the message names the file, then one line for each thing to mend.
    """
    return configuration.read(path, Selection)


def select(
    rows: pl.DataFrame, selection: Selection, vectors_ND: np.ndarray | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Choose rows by quota: the best of each cell, in the order that is asked for.

    A cell that has too few rows stays short: no other cell fills it. Cells that can spare the least choose first, since
    a cluster that is full is closed to the others. The same rows in any order give the same set.

    Args:
        rows: Candidates that hold `where`: `sample_id`, `task`, `cluster_id`, the columns `by` and those of `order`.
        selection: What to choose.
        vectors_ND: Vector of each row; needed where `spread` is more than 1.

    Returns:
        The chosen rows by `sample_id` and `task`, and per cell `by`, `wanted`, `available`, `chosen` and `short`.

    Raises:
        ValueError: If a column is missing, a row stands twice, or the bounds leave no room for the total.
    """
    order = [_column_and_direction(term) for term in selection.order]
    for name in ("sample_id", "task", "cluster_id", *selection.by, *(name for name, _ in order)):
        if name not in rows.columns:
            raise ValueError(f"the rows have no column {name!r}; there are: {', '.join(rows.columns)}")
    if rows.select("sample_id", "task").is_duplicated().any():
        raise ValueError("a sample stands there twice for one task: expected one row for each sample and task")
    if selection.spread > 1 and vectors_ND is None:
        raise ValueError("spread needs the vectors of the rows")
    names = [name for name, _ in order]
    ordered = (
        rows.with_row_index("_at")
        .with_columns(_lot=_lots(rows, selection.seed))
        .sort(*names, "_lot", descending=[down for _, down in order] + [False], nulls_last=True)
    )
    present = ordered.group_by(selection.by).agg(available=pl.len().cast(pl.Int64))
    quotas = wanted(
        present, selection.by, rows=selection.rows, shares=selection.shares, bounds=selection.cells
    ).with_row_index("_cell")
    placed = ordered.join(quotas, on=selection.by, nulls_equal=True, maintain_order="left")
    members = {cell: part for (cell,), part in placed.group_by("_cell", maintain_order=True)}
    cluster_size: Counter[str] = Counter()
    taken: dict[int, list[int]] = {}
    for cell in sorted(members, key=lambda cell: (_to_spare(members[cell], selection.max_per_cluster), cell)):
        want = members[cell]["wanted"][0]
        best = members[cell][: want * selection.spread] if selection.spread > 1 else members[cell]
        at = best["_at"].to_numpy()
        unit_ND = units(vectors_ND[at]) if selection.spread > 1 and vectors_ND is not None else None
        picks = _take(best["cluster_id"].to_list(), want, cluster_size, selection.max_per_cluster, unit_ND)
        taken[cell] = at[picks].tolist()
    counts = pl.Series([len(taken.get(cell, ())) for cell in quotas["_cell"]], dtype=pl.Int64)
    report = quotas.drop("_cell").with_columns(chosen=counts).with_columns(short=pl.col("wanted") - pl.col("chosen"))
    places = sorted(place for places in taken.values() for place in places)
    return rows[places].sort("sample_id", "task", nulls_last=True), report


def _to_spare(members: pl.DataFrame, most: int | None) -> int:
    """How many more rows than it wants a cell could have if no other cell took any."""
    sizes = members.group_by("cluster_id").len()["len"]
    return int((sizes if most is None else sizes.clip(upper_bound=most)).sum() - members["wanted"][0])


def _take(
    clusters: list[str], want: int, cluster_size: Counter[str], most: int | None, unit_ND: np.ndarray | None
) -> list[int]:
    """Positions of those that are taken, in order; with vectors, each one the farthest from those before it.

    Source:
        Gonzalez 1985, Clustering to minimize the maximum intercluster distance (farthest-point traversal).
    """
    picks: list[int] = []
    candidates: Iterable[int] = range(len(clusters)) if unit_ND is None else _farthest(unit_ND)
    for at in candidates:
        if len(picks) == want:
            break
        if most is None or cluster_size[clusters[at]] < most:
            cluster_size[clusters[at]] += 1
            picks.append(at)
    return picks


def _farthest(unit_ND: np.ndarray) -> Iterable[int]:
    """The first row, then again and again the one whose nearest among those before it is the farthest away."""
    near_N = np.full(len(unit_ND), -np.inf, np.float32)
    for at in range(len(unit_ND)):
        one = int(near_N.argmin()) if at else 0
        yield one
        np.maximum(near_N, unit_ND @ unit_ND[one], out=near_N)
        near_N[one] = np.inf


def _column_and_direction(term: str) -> tuple[str, bool]:
    name, _, direction = term.strip().partition(" ")
    if not name or direction.strip().lower() not in ("", "asc", "desc"):
        raise ValueError(f"order: {term!r} is no column with `asc` or `desc`, such as `difficulty desc`")
    return name, direction.strip().lower() == "desc"


def _lots(rows: pl.DataFrame, seed: int) -> pl.Series:
    """A lot for each row, from its ids and the seed alone."""
    drawn = [
        hashlib.blake2b(f"{seed}/{sample}/{task}".encode(), digest_size=16).digest()
        for sample, task in rows.select("sample_id", "task").iter_rows()
    ]
    return pl.Series(drawn, dtype=pl.Binary)
