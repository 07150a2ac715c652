"""datatrove steps through which batches of rows flow.

A batch is a polars DataFrame; datatrove's executors pass it from step to step as they pass documents, so the same list
of steps runs locally, on Slurm and on Ray. datatrove's own bookkeeping is not trusted: rows are counted from the files.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from datatrove.pipeline.base import PipelineStep

from catalog.schema import BATCH
from catalog.text import with_text

REASON = "reason"
REJECTED = ("sample_id", REASON, "source", "file", "line")
BATCH_ROWS = 5_000


@dataclass(frozen=True)
class OnColumn:
    """A filter that needs more than an expression, named with its column and options so that workers can have it."""

    column: str
    function: Callable[..., pl.Series]
    options: dict[str, Any] = field(default_factory=dict)

    def __call__(self, batch: pl.DataFrame) -> pl.Series:
        """Reasons for a batch."""
        return self.function(batch[self.column], **self.options)


Reason = pl.Expr | OnColumn


class Counts(NamedTuple):
    """What became of the rows."""

    rows_in: int
    rows_out: int
    rejected: int


class ReadBatches(PipelineStep):
    """Read Parquet files of `BATCH` rows; rank r takes file r.

    Batches carry the text columns of `with_text`, `reply` (the response, or the prompt where there is none) and
    `whole` (prompt and response).
    """

    type = "Reader"
    name = "batches"

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__()
        self.paths = list(paths)

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[pl.DataFrame]:
        """Yield batches of the files that fall to this rank."""
        for path in self.paths[rank::world_size]:
            for batch in pl.read_parquet(path).iter_slices(BATCH_ROWS):
                yield with_text(batch).with_columns(
                    reply=pl.coalesce("response", "prompt"),
                    whole=pl.concat_str("prompt", "response", separator="\n", ignore_nulls=True),
                )


class Filter(PipelineStep):
    """Keep the rows for which every reason is null, write the others to `folder` with the first reason that applies."""

    type = "Filter"
    name = "reasons"

    def __init__(self, reasons: Sequence[Reason], folder: Path) -> None:
        super().__init__()
        self.reasons = list(reasons)
        self.folder = folder

    def run(self, data: Iterator[pl.DataFrame], rank: int = 0, world_size: int = 1) -> Iterator[pl.DataFrame]:
        """Judge batch by batch."""
        rejected = []
        for batch in data:
            with self.track_time("batch"):
                answers = [reason if isinstance(reason, pl.Expr) else reason(batch) for reason in self.reasons]
                judged = batch.with_columns(pl.coalesce(*answers).alias(REASON))
                rejected.append(judged.filter(pl.col(REASON).is_not_null()).select(REJECTED))
            yield judged.filter(pl.col(REASON).is_null()).drop(REASON)
        _write(self.folder / f"{rank:05d}.parquet", rejected)


class WriteBatches(PipelineStep):
    """Write the batches of a rank as one Parquet file, which appears whole or not at all."""

    type = "Writer"
    name = "batches"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def run(self, data: Iterator[pl.DataFrame], rank: int = 0, world_size: int = 1) -> Iterator[pl.DataFrame]:
        """Take everything, then write."""
        _write(self.folder / f"{rank:05d}.parquet", [batch.select(BATCH.names) for batch in data])
        yield from ()


def _write(path: Path, frames: Sequence[pl.DataFrame]) -> None:
    if not frames:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    pl.concat(frames).write_parquet(beside)
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.replace(path)


def run_filters(inputs: Sequence[Path], out: Path, reasons: Sequence[Reason], *, workers: int = 1) -> Counts:
    """Filter Parquet files of rows with datatrove's local executor, one task per file.

    Args:
        inputs: Files of `BATCH` rows.
        out: Folder for `kept/` (`BATCH` rows) and `rejected/` (`REJECTED` columns); what lay there is removed first.
        reasons: In order; the first that applies is the reason.
        workers: Processes. Work is cut by file, so it changes no result.

    Raises:
        RuntimeError: If a row is neither kept nor rejected, as when a worker died.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with _stderr_to(out / "stderr.log"):
        _execute(
            [ReadBatches(inputs), Filter(reasons, out / "rejected"), WriteBatches(out / "kept")],
            out,
            len(inputs),
            workers,
        )
    counted = Counts(*(sum(map(_height, paths)) for paths in (inputs, _files(out / "kept"), _files(out / "rejected"))))
    if counted.rows_in != counted.rows_out + counted.rejected:
        raise RuntimeError(
            f"filters lost rows: {counted.rows_in} in, but {counted.rows_out} kept and {counted.rejected} rejected; "
            f"the logs of the workers are in {out / 'logs'}"
        )
    return counted


def _execute(pipeline: list[PipelineStep], out: Path, tasks: int, workers: int) -> None:
    """Run every task; with several workers each takes an equal run of them.

    The workers are ours: datatrove's own pool waits for ever on a worker that was killed, this one says so.
    """
    workers = max(1, min(workers, tasks))
    shares = [share for share in pairwise(tasks * i // workers for i in range(workers + 1)) if share[0] < share[1]]
    run = partial(_run_tasks, pipeline, out / "logs", tasks)
    if workers == 1:
        for share in shares:
            run(share)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("forkserver")) as pool:
        try:
            list(pool.map(run, shares))
        except BrokenProcessPool as error:
            raise RuntimeError(
                f"a worker died, killed or out of memory; nothing of this run counts: see {out / 'logs'} and run again"
            ) from error


def _run_tasks(pipeline: list[PipelineStep], logs: Path, tasks: int, share: tuple[int, int]) -> None:
    from datatrove.executor import LocalPipelineExecutor

    LocalPipelineExecutor(
        pipeline=pipeline,
        tasks=tasks,
        workers=1,
        local_tasks=share[1] - share[0],
        local_rank_offset=share[0],
        logging_dir=str(logs / f"from-{share[0]:05d}"),
        skip_completed=False,
    ).run()


@contextmanager
def _stderr_to(path: Path) -> Iterator[None]:
    """Send what is written to standard error into a file, worker processes included.

    datatrove gives every task a logger of its own on standard error, and no way to turn it off.
    """
    sys.stderr.flush()
    before = os.dup(2)
    try:
        with path.open("ab") as file:
            os.dup2(file.fileno(), 2)
            yield
    finally:
        sys.stderr.flush()
        os.dup2(before, 2)
        os.close(before)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def _height(path: Path) -> int:
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())
