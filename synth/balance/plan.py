"""What to generate next: the emptiest cells first, each by the generators that can reach it."""

import hashlib
from collections.abc import Collection, Mapping
from math import ceil

import numpy as np
import polars as pl

from catalog.ids import canonical
from catalog.labels import TASKS
from synth.balance.cells import KEY
from synth.balance.rooms import Place, rooms_of
from synth.balance.routes import GENERATORS, known_generators, needs_judge, routes_to
from synth.balance.targets import Targets
from synth.balance.wanted import wanted
from synth.balance.yields import yields

JOB = {
    "generator": pl.String,
    **dict.fromkeys(KEY, pl.String),
    "rows": pl.Int64,
    "requests": pl.Int64,
}


def holes(cells: pl.DataFrame, targets: Targets) -> pl.DataFrame:
    """The cells that have a target, the emptiest first.

    Args:
        cells: As `cells.count` gives them.
        targets: What each is to hold.

    Returns:
        Columns `KEY`, `target`, `samples`, `clusters`, `hole` (rows that are missing), `deficit` (hole / target; 0
        where there is no hole) and `needs_judge` (the first row of its label must be judged).
    """
    hole = (pl.col("target") - pl.col("samples")).clip(lower_bound=0)
    labels = [(task, label) for task in TASKS for label in TASKS[task]]
    judged = pl.DataFrame([(*one, needs_judge(*one)) for one in labels], ("task", "label", "needs_judge"), orient="row")
    return (
        wanted(targets)
        .join(cells, on=KEY, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(pl.col("samples", "clusters").fill_null(0))
        .with_columns(hole=hole, deficit=pl.when(hole > 0).then(hole / pl.col("target")).otherwise(0.0))
        .join(judged, on=("task", "label"), how="left", maintain_order="left")
        .sort("deficit", "hole", descending=True, maintain_order=True)
    )


def plan(
    cells: pl.DataFrame,
    targets: Targets,
    *,
    rows: int,
    measured: Mapping[str, float] | None = None,
    generators: Collection[str] | None = None,
) -> pl.DataFrame:
    """Jobs that bring `rows` rows into the emptiest cells.

    Row by row, the next one goes to the cell with the largest deficit, (target - rows) / target, of those that still
    have a hole and a generator that can reach them; of cells alike, in an order drawn once by their names. So all cells
    rise to one level, and a larger budget never takes a row from a cell. (Sharing the budget out by largest remainder
    would: that is the Alabama paradox.) Inside a cell the generators that can reach it share its rows evenly, as far
    as what they start from goes.

    Args:
        cells: As `cells.count` gives them.
        targets: What each is to hold.
        rows: Rows that are to be kept in the end.
        measured: Rows kept per request of generators, from earlier runs (`measured_yields`).
        generators: Plan with these alone; by default with all.

    Returns:
        Columns `JOB`. `rows` add up to the budget, or to all that can be filled now where that is less; `requests` is
        rows / yield, rounded up, and no more than there is to start from.

    Raises:
        ValueError: If the budget is negative or a generator is not known.
    """
    if rows < 0:
        raise ValueError(f"a budget of {rows} rows; expected 0 or more")
    kept = yields(measured)
    usable = known_generators(GENERATORS if generators is None else generators)
    room_of = rooms_of(cells)
    open_cells = []
    for cell in holes(cells, targets).filter(pl.col("hole") > 0).iter_rows(named=True):
        key = tuple(cell[name] for name in KEY)
        routes = routes_to(cell["task"], cell["label"], cell["modality"], harmless=cell["subcategory"] is None)
        asks = [(route.generator, room_of(route, key)) for route in routes if route.generator in usable]
        most = [min(cell["hole"], ceil(requests * kept[name])) for name, requests in asks]
        reach = min(cell["hole"], sum(most))
        if reach:
            open_cells.append((key, asks, most, (cell["target"], cell["samples"], reach)))
    open_cells.sort(key=lambda one: _draw(one[0]))
    jobs = []
    for (key, asks, most, _), number in zip(open_cells, _fill([one[-1] for one in open_cells], rows), strict=True):
        for (name, requests), part in zip(asks, _evenly(number, most), strict=True):
            if part:
                facts = {"generator": name, "rows": part, "requests": min(requests, ceil(part / kept[name]))}
                jobs.append(facts | dict(zip(KEY, key, strict=True)))
    return pl.DataFrame(jobs, schema=JOB).sort("generator", *KEY, nulls_last=True)


def _fill(cells: list[tuple[int, int, int]], budget: int) -> list[int]:
    """Rows that each cell gets: always the next to the largest deficit, the earlier of two alike.

    Args:
        cells: Target, rows there are, and rows that it may get at most.
        budget: Rows in all.
    """
    target, samples, most = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    cell = np.repeat(np.arange(len(cells)), most)
    number = np.arange(len(cell)) - np.repeat(np.cumsum(most) - most, most)  # rows that the cell got before
    deficit = (target - samples)[cell] - number
    first = np.argsort(-deficit / target[cell], kind="stable")[:budget]
    return np.bincount(cell[first], minlength=len(cells)).tolist()  # type: ignore[no-any-return]


def _evenly(rows: int, most: list[int]) -> list[int]:
    """Share rows out evenly, to none more than it takes; what is not even goes to those that take most."""
    given = [0] * len(most)
    order = sorted(range(len(most)), key=lambda at: (most[at], -at))
    for done, at in enumerate(order):
        given[at] = min(most[at], rows // (len(order) - done))
        rows -= given[at]
    return given


def _draw(key: Place) -> bytes:
    """A place in an order that has nothing to do with the alphabet, the same on every machine."""
    return hashlib.sha256(canonical(list(key))).digest()
