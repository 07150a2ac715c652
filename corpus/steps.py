"""datatrove steps through which batches of rows flow, and filters that run on them piece by piece.

A batch is a polars DataFrame; datatrove's executors pass it from step to step as they pass documents, so the same list
of steps runs locally, on Slurm and on Ray. datatrove's own bookkeeping is not trusted: a piece is done when its files
are there, under a name made of what it reads and how it is judged, and rows are counted from the files.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from datatrove.pipeline.base import PipelineStep

from catalog.ids import digest
from catalog.schema import BATCH
from catalog.text import with_text
from corpus import pieces
from corpus.ranks import Piece, cut, height, run_ranks

REASON = "reason"
REJECTED = ("sample_id", REASON, "detail", "source", "file", "line")
ILLOGICAL = "Illogical completion"
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


class Filtered(NamedTuple):
    """What became of the rows, counted from the files; `failed` rows lie among the rejected with the reason `failed`.

    `kept` (`BATCH` rows) and `judged_out` (`REJECTED` columns) are the files, in the order of the rows.
    """

    rows_in: int
    rows_out: int
    rejected: int
    failed: int
    kept: list[Path]
    judged_out: list[Path]


class ReadBatches(PipelineStep):
    """Read pieces of Parquet files of `BATCH` rows; rank r takes piece r.

    Batches carry the text columns of `with_text`, `reply` (the response, or the prompt where there is none), `sense`
    (the response, null where its label says already that it makes none) and `whole` (prompt and response). A column
    that `BATCH` gained after a file was written is null.
    """

    type = "Reader"
    name = "batches"

    def __init__(self, pieces: Sequence[Piece]) -> None:
        super().__init__()
        self.pieces = list(pieces)

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[pl.DataFrame]:
        """Yield the batches of this rank's piece."""
        path, start, rows = self.pieces[rank]
        found = pl.scan_parquet(path).slice(start, rows).collect()
        missing = {name: pl.lit(None, kind) for name, kind in pl.Schema(BATCH).items() if name not in found.columns}
        for batch in found.with_columns(**missing).iter_slices(BATCH_ROWS):
            yield with_text(batch).with_columns(
                reply=pl.coalesce("response", "prompt"),
                sense=pl.when(pl.col("label").ne_missing(ILLOGICAL)).then("response"),
                whole=pl.concat_str("prompt", "response", separator="\n", ignore_nulls=True),
            )


class Filter(PipelineStep):
    """Keep the rows for which every reason is null; write the others with the first reason, or with `failed`.

    `paths` holds one file for each rank; `may_fail` is the share of a batch's rows that may fail.
    """

    type = "Filter"
    name = "reasons"

    def __init__(self, reasons: Sequence[Reason], paths: Sequence[Path], *, may_fail: float = 0.1) -> None:
        super().__init__()
        self.may_fail = may_fail
        self.reasons = list(reasons)
        self.paths = list(paths)

    def run(self, data: Iterator[pl.DataFrame], rank: int = 0, world_size: int = 1) -> Iterator[pl.DataFrame]:
        """Judge batch by batch; a row that no filter can read is failed, and the others are judged all the same."""
        out = [pl.DataFrame(schema={name: pl.Schema(BATCH).get(name, pl.String()) for name in REJECTED})]
        for batch in data:
            with self.track_time("batch"):
                judged, failed = pieces.isolate(batch, self._judge, may_fail=self.may_fail)
            kept = []
            for part in judged:
                out.append(part.filter(pl.col(REASON).is_not_null()).select(REJECTED))
                kept.append(part.filter(pl.col(REASON).is_null()).drop(REASON, "detail"))
            out.append(failed.select(REJECTED))
            yield pl.concat([batch.clear(), *kept])
        pieces.write(self.paths[rank], pl.concat(out))

    def _judge(self, batch: pl.DataFrame) -> pl.DataFrame:
        answers = [reason if isinstance(reason, pl.Expr) else reason(batch) for reason in self.reasons]
        return batch.with_columns(pl.coalesce(*answers).alias(REASON), detail=pl.lit(None, pl.String))


class WriteBatches(PipelineStep):
    """Write the batches of a rank as one Parquet file, whole or not at all; `paths` holds one file for each rank."""

    type = "Writer"
    name = "batches"

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__()
        self.paths = list(paths)

    def run(self, data: Iterator[pl.DataFrame], rank: int = 0, world_size: int = 1) -> Iterator[pl.DataFrame]:
        """Take everything, then write."""
        batches = [batch.select(BATCH.names) for batch in data]
        pieces.write(self.paths[rank], pl.concat([pl.DataFrame(schema=pl.Schema(BATCH)), *batches]))
        yield from ()


def run_filters(
    inputs: Sequence[Path],
    out: Path,
    reasons: Sequence[Reason],
    *,
    workers: int = 1,
    may_fail: float = 0.1,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> Filtered:
    """Filter Parquet files of rows on datatrove's steps, cut into pieces of `PIECE_ROWS` rows.

    A finished piece is known by the sha256 of its file, its place in it and the reasons. It is kept: a call that was
    killed goes on after the pieces it finished, with any number of workers; what else lies in `out` is removed.

    Args:
        inputs: Files of `BATCH` rows.
        out: Folder for `kept/` (`BATCH` rows) and `rejected/` (`REJECTED` columns), a file each for a piece.
        reasons: In order; the first that applies is the reason.
        workers: Processes. Work is cut by rows, so it changes no result.
        may_fail: Share of a batch's rows that may fail before the filter is held to be at fault.
        tick: Told how many of how many pieces are done.

    Raises:
        RuntimeError: If a row is neither kept nor rejected nor failed, if a worker died, or if so many rows of a batch
            fail that the filter must be at fault.
    """
    how = [_fingerprint(reason) for reason in reasons]
    work = [(piece, f"{digest([name, piece.start, piece.rows, how])}.parquet") for piece, name in cut(inputs)]
    kept, rejected = ([out / part / name for _, name in work] for part in ("kept", "rejected"))
    for part in ("kept", "rejected"):
        pieces.sweep(out / part, {name for _, name in work})
    steps = [
        ReadBatches([piece for piece, _ in work]),
        Filter(reasons, rejected, may_fail=may_fail),
        WriteBatches(kept),
    ]
    # The rejected are written before the kept: where these are, the piece is whole.
    run_ranks(steps, kept, workers=workers, tick=tick)
    failed = sum(height(path, pl.col(REASON) == pieces.REASON_FAILED) for path in rejected)
    rows_out, judged_out = (sum(map(height, paths)) for paths in (kept, rejected))
    counted = Filtered(sum(map(height, inputs)), rows_out, judged_out - failed, failed, kept, rejected)
    if counted.rows_in != rows_out + judged_out:
        raise RuntimeError(
            f"filters lost rows: {counted.rows_in} in, but {rows_out} kept, {counted.rejected} rejected and {failed} "
            f"failed; remove {out} and run again"
        )
    return counted


def _fingerprint(reason: Reason) -> list[Any]:
    if isinstance(reason, pl.Expr):
        return [hashlib.sha256(reason.meta.serialize()).hexdigest()]
    return [reason.column, reason.function.__module__, reason.function.__qualname__, reason.options]
