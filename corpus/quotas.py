"""How many rows each cell is to have: shares, bounds, and a total in whole numbers that add up."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Self

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from catalog.labels import TASKS

Column = Literal["task", "category", "subcategory", "language", "modality", "label", "source", "split"]
_HALVINGS = 200  # more than a float64 can tell


class Bounds(BaseModel):
    """The least and the most rows of every cell that agrees with the keys that are given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str | None = None
    category: str | None = None
    subcategory: str | None = None
    language: str | None = None
    modality: str | None = None
    label: str | None = None
    source: str | None = None
    split: str | None = None
    least: int = Field(0, ge=0, description="Rows of each such cell at least")
    most: int | None = Field(None, ge=0, description="Rows of each such cell at the most; as many as its share if null")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.most is not None and self.least > self.most:
            raise ValueError(f"least {self.least} is more than most {self.most}")
        return self

    @property
    def keys(self) -> dict[str, str]:
        """The columns that a cell must agree with."""
        return self.model_dump(exclude={"least", "most"}, exclude_none=True)


class _Wish(NamedTuple):
    values: dict[str, str | None]  # of the columns that shares are given for
    weight: float


def wanted(
    cells: pl.DataFrame,
    by: Sequence[Column],
    *,
    rows: int,
    shares: Mapping[Column, Mapping[str, float]],
    bounds: Sequence[Bounds] = (),
) -> pl.DataFrame:
    """Rows that each cell is to have.

    The total is shared out column by column: by the shares that are given (those of `label` among the labels of each
    task), and evenly between the cells that agree. Bounds hold where they meet a share: what one cell may not take, the
    others take in their proportions. Whole numbers are made by largest remainder.

    Args:
        cells: The cells there are: the columns `by`, and `available`.
        by: What makes a cell.
        rows: Rows of all cells together.
        shares: For some of these columns the values that count, with their weights; other values get nothing.
        bounds: Of two that agree with a cell the later counts.

    Returns:
        `by`, `wanted` and `available`, sorted. What is wanted and not there at all stands in a cell of its own, null in
        the columns that nothing is known about.

    Raises:
        ValueError: If the bounds leave no room for the total.
    """
    known = list(cells.sort(by, nulls_last=True).iter_rows(named=True))
    weights = [0.0] * len(known)
    for wish in _wishes(by, shares):
        met = [at for at, cell in enumerate(known) if _agrees(cell, wish.values)]
        if not met:
            met = [len(known)]
            known.append(dict.fromkeys(by) | wish.values | {"available": 0})
            weights.append(0.0)
        for at in met:
            weights[at] += wish.weight / len(met)
    for bound in bounds:
        if bound.least and not any(_is_of(cell, bound, shares) for cell in known):
            known.append(dict.fromkeys(by) | bound.keys | {"available": 0})
            weights.append(0.0)
    # A value without a share is in nobody's bounds either, unless they name it.
    met_by = [next((b for b in reversed(bounds) if _is_of(cell, b, shares)), Bounds()) for cell in known]
    low = [bound.least for bound in met_by]
    high = [rows if bound.most is None else min(bound.most, rows) for bound in met_by]
    share = apportion(rows, weights, low=low, high=high)
    frame = pl.DataFrame(known, schema={name: cells.schema[name] for name in (*by, "available")}, orient="row")
    return frame.select(*by, wanted=pl.Series(share, dtype=pl.Int64), available="available").sort(by, nulls_last=True)


def _wishes(by: Sequence[Column], shares: Mapping[Column, Mapping[str, float]]) -> list[_Wish]:
    """Every combination of the values that shares are given for, with its weight; weights add up to 1."""
    wishes = [_Wish({}, 1.0)]
    for column in by:
        if column in shares:
            wishes = list(itertools.chain.from_iterable(_split(wish, column, shares[column]) for wish in wishes))
    return wishes


def _split(wish: _Wish, column: Column, shares: Mapping[str, float]) -> list[_Wish]:
    if column == "label" and wish.values.get("task") in TASKS:
        mine = TASKS[str(wish.values["task"])]
        shares = {label: share for label, share in shares.items() if label in mine}
    total = sum(shares.values())
    if not total:
        return [wish]  # no label of this task has a share: all of them count
    return [_Wish(wish.values | {column: value}, wish.weight * share / total) for value, share in shares.items()]


def _agrees(cell: Mapping[str, str | None], values: Mapping[str, str | None]) -> bool:
    return all(cell[column] == value for column, value in values.items())


def _is_of(cell: Mapping[str, str | None], bound: Bounds, shares: Mapping[Column, Mapping[str, float]]) -> bool:
    meant = all(column in bound.keys or cell[column] in values for column, values in shares.items())
    return meant and _agrees(cell, bound.keys)


def apportion(
    total: int, weights: Sequence[float], *, low: Sequence[int] | int = 0, high: Sequence[int] | None = None
) -> list[int]:
    """Whole numbers in proportion to weights, between bounds, that add up to a total.

    In proportion means: one factor for all, and where factor x weight lies outside the bounds of a cell, the bound.
    What is left after rounding down goes to the largest remainders, of equal ones to the earlier cell.

    Raises:
        ValueError: If there are no such numbers.

    Source:
        Hamilton's method of apportionment.
    """
    weight = np.asarray(weights, dtype=np.float64)
    bounds = (low, total if high is None else high)
    least, most = (np.broadcast_to(np.asarray(bound, dtype=np.float64), weight.shape) for bound in bounds)
    reach = np.where(weight > 0, most, least)  # without a weight a cell has its least, whatever the factor
    if (most < least).any() or least.sum() > total:
        raise ValueError(f"the cells are to have {int(least.sum()):,} rows at least, but there are {total:,} to share")
    if reach.sum() < total:
        raise ValueError(
            f"{total:,} rows cannot be shared out: the cells may have {int(reach.sum()):,} at the most; "
            "raise `most` or ask for fewer `rows`"
        )
    below, above = 0.0, float((most[weight > 0] / weight[weight > 0]).max(initial=0))
    for _ in range(_HALVINGS):
        factor = (below + above) / 2
        below, above = (factor, above) if np.clip(factor * weight, least, most).sum() < total else (below, factor)
    exact = np.clip(above * weight, least, most)
    whole = np.floor(exact + 1e-9).astype(np.int64)
    left = total - int(whole.sum())
    remainder = np.where(whole < most, exact - whole, -np.inf)
    whole[np.argsort(-remainder.round(9), kind="stable")[:left]] += 1
    return [int(number) for number in whole]
