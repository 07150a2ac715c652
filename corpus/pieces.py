"""Pieces of a stage's work, kept under names made of their content: a killed stage goes on after them."""

import os
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

import polars as pl

REASON_FAILED = "failed"
ROW_GROUP = 20_000  # rows: a piece of a file is read without decoding the others


def write(path: Path, rows: pl.DataFrame) -> None:
    """Write rows as a Parquet file that appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    rows.write_parquet(beside, compression="lz4", row_group_size=ROW_GROUP)  # read once or twice, then gone
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.replace(path)


def sweep(folder: Path, keep: Collection[str]) -> None:
    """Remove everything in a folder but the names to keep: halves that a kill left, and pieces of other work.

    Halves that a living process writes are left to it: two runs may read the same source at once.
    """
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name in keep or (path.name.startswith(".") and _alive(path.name.rpartition(".")[2])):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return int(pid) != os.getpid()


def isolate(
    rows: pl.DataFrame, work: Callable[[pl.DataFrame], pl.DataFrame], *, may_fail: float = 0.1
) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Do work on rows; where it raises, do it on halves, until each row that fails stands alone.

    A row that fails is not an answer: the caller counts it as failed and writes it to the rejections with the reason
    `failed`. Its text is in no message, only the type of what was raised.

    Args:
        rows: A batch.
        work: Gives a frame for a frame, and the same for a row whatever its neighbours are.
        may_fail: Share of the rows, 0 to 1, that may fail; one may always.

    Returns:
        Results of the parts that succeeded, in the order of the rows; and the rows that failed, with `reason`
        (`failed`) and `detail` (type of the exception).

    Raises:
        OSError, MemoryError: As they come; they say nothing of a row.
        RuntimeError: If more rows fail: then it is not the rows.
    """
    done: list[pl.DataFrame] = []
    failed = [rows.clear().with_columns(reason=pl.lit(REASON_FAILED), detail=pl.lit(None, pl.String))]
    most = max(1, int(rows.height * may_fail))
    waiting = [rows]
    while waiting:
        part = waiting.pop()
        try:
            done.append(work(part))
        except (OSError, MemoryError):
            raise
        except (Exception, pl.exceptions.PanicException) as error:
            kind = type(error).__name__
            if part.height > 1:
                half = part.height // 2
                waiting += [part[half:], part[:half]]
                continue
            failed.append(part.with_columns(reason=pl.lit(REASON_FAILED), detail=pl.lit(kind)))
            if len(failed) > most + 1 or not part.height:
                raise RuntimeError(
                    f"more than {most} of {rows.height} rows fail, the last with {kind}: that is not the rows; "
                    "nothing of this batch was kept. SAFELADDER_TRACEBACK=1 shows where it is raised"
                ) from error
    return done, pl.concat(failed)
