"""Work cut by rank: each rank is a piece of rows, done once by whichever worker is free, and known by its files."""

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import polars as pl
from datatrove.pipeline.base import PipelineStep

from corpus.workers import each

PIECE_ROWS = 20_000


class Piece(NamedTuple):
    """Some rows of a file: the `rows` from row `start` (0 is the first)."""

    path: Path
    start: int
    rows: int


def cut(inputs: Sequence[Path]) -> list[tuple[Piece, str]]:
    """Pieces of Parquet files of `PIECE_ROWS` rows, in the order of the rows, each with the sha256 of its file."""
    found = []
    for path in inputs:
        with path.open("rb") as file:
            name = hashlib.file_digest(file, "sha256").hexdigest()
        rows = height(path)
        found += [(Piece(path, start, min(PIECE_ROWS, rows - start)), name) for start in range(0, rows, PIECE_ROWS)]
    return found


def height(path: Path, which: pl.Expr | None = None) -> int:
    """Rows of a Parquet file, or those of them for which an expression holds."""
    rows = pl.scan_parquet(path)
    return int((rows if which is None else rows.filter(which)).select(pl.len()).collect().item())


def run_ranks(
    steps: Sequence[PipelineStep],
    done: Sequence[Path],
    *,
    workers: int,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Run datatrove steps, rank by rank, for the ranks whose file is not there yet.

    Args:
        steps: A list as an executor of datatrove takes it.
        done: The file of each rank that is written last.
        workers: Processes.
        tick: Told how many of how many ranks are done.
    """
    left = [rank for rank, path in enumerate(done) if not path.exists()]
    tick(len(done) - len(left), len(done))
    for ready, _ in enumerate(each(partial(_run_rank, steps, len(done)), left, workers=workers), start=1):
        tick(len(done) - len(left) + ready, len(done))


def _run_rank(steps: Sequence[PipelineStep], of: int, rank: int) -> None:
    # What every executor of datatrove does with a rank, without its log, which shows the values of variables when a
    # step raises (here: texts), and without the manager process of the local one, which a kill leaves behind for ever.
    data = None
    for step in steps:
        data = step(data, rank, of)
    deque(data or (), maxlen=0)
