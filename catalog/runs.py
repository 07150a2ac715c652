"""Runs: a recipe as a chain of stages, each reused where it has been done and redone where it has not.

A stage's fingerprint is the digest of its name, code version, config, the fingerprints of the stages it reads and the
digests of what it reads from outside. Left out of it, because they change no result: the number of workers, progress
display, paths of store and data root, and times.
"""

import fcntl
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import delete, insert, select, update

from catalog import ledger
from catalog.ids import digest
from catalog.store import Store


@dataclass(frozen=True)
class Accounting:
    """What became of the rows of a stage: `rows_in = rows_out + rejected + failed`; made rows are `created`."""

    rows_in: int = 0
    rows_out: int = 0
    rejected: int = 0
    failed: int = 0
    created: int = 0

    def check(self, stage: str) -> None:
        """Raise where the rows do not add up.

        Raises:
            RuntimeError: With the numbers; the stage is not committed.
        """
        if self.rows_in != self.rows_out + self.rejected + self.failed:
            raise RuntimeError(
                f"stage {stage} lost rows: {self.rows_in} in, but {self.rows_out} out + {self.rejected} rejected + "
                f"{self.failed} failed; nothing of it was committed"
            )


@dataclass(frozen=True)
class Output:
    """What a stage hands over: rows by table (without `stage_id`), ledger entries, and the accounting."""

    accounting: Accounting
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    entries: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What a stage may use while it works."""

    store: Store
    stage_id: str
    workdir: Path
    upstream: Mapping[str, str]
    tick: Callable[[int, int, str], None]

    def read(self, table: str, stage: str) -> pl.DataFrame:
        """Rows of a table that an earlier stage of this run wrote."""
        return self.store.read(table, batch_id=self.upstream[stage])


@dataclass(frozen=True)
class Stage:
    """One step of a run.

    Args:
        name: Unique within the run.
        work: Does it. Called only if the fingerprint was never committed; must be safe to call again after a kill.
        after: Names of the stages whose output it reads.
        config: Every setting that changes its result.
        reads: Digests of what it reads from outside the run (source files, model weights, annotations).
        version: Raised whenever its code gives another result for the same config.
    """

    name: str
    work: Callable[[Context], Output]
    after: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    reads: Mapping[str, str] = field(default_factory=dict)
    version: int = 1


def fingerprints(stages: Sequence[Stage]) -> dict[str, str]:
    """Fingerprint of each stage, by name, in order."""
    found: dict[str, str] = {}
    for stage in stages:
        found[stage.name] = digest(
            {
                "name": stage.name,
                "version": stage.version,
                "config": dict(stage.config),
                "after": {name: found[name] for name in stage.after},
                "reads": dict(stage.reads),
            }
        )
    return found


def plan(store: Store, stages: Sequence[Stage]) -> list[tuple[Stage, str, bool]]:
    """Each stage with its fingerprint and whether it has been done already."""
    prints = fingerprints(stages)
    return [(stage, prints[stage.name], store.has(prints[stage.name])) for stage in stages]


@contextmanager
def only_run(store: Store) -> Iterator[None]:
    """Hold the store's run lock; the kernel lets go of it when the process dies, however it dies.

    Raises:
        RuntimeError: If another run works on this store.
    """
    with (store.path / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(
                f"another run is working on {store.path}; wait for it, or name another --store"
            ) from None
        yield


def execute(
    store: Store,
    *,
    name: str,
    recipe: Mapping[str, Any],
    stages: Sequence[Stage],
    tick: Callable[[int, int, str], None] = lambda done, total, what: None,
    begin: Callable[[str, bool], None] = lambda stage, reused: None,
    end: Callable[[str, Accounting, float], None] = lambda stage, accounting, seconds: None,
) -> str:
    """Run the stages in order and return the run id.

    Args:
        store: Where everything goes.
        name: Name of the recipe.
        recipe: The recipe as plain data; part of the run id.
        stages: In order; each may read only earlier ones.
        tick: Told (done, total, unit) while a stage works.
        begin: Told the stage's name and whether it is reused.
        end: Told its accounting and seconds.

    Raises:
        RuntimeError: If a stage's rows do not add up, or another run holds the store.
    """
    prints = fingerprints(stages)
    run_id = digest({"recipe": dict(recipe), "stages": prints})
    with only_run(store):
        _open(store, run_id, name, recipe, stages, prints)
        for position, stage in enumerate(stages):
            stage_id = prints[stage.name]
            reused = store.has(stage_id)
            begin(stage.name, reused)
            if reused:
                shutil.rmtree(store.path / "work" / stage_id, ignore_errors=True)  # left by a kill after the commit
            else:
                _work(store, run_id, position, stage, stage_id, prints, tick)
            end(stage.name, *_accounted(store, run_id, position, stage_id))
        _close(store, run_id, "finished")
    return run_id


def _open(
    store: Store, run_id: str, name: str, recipe: Mapping[str, Any], stages: Sequence[Stage], prints: Mapping[str, str]
) -> None:
    r, s = ledger.runs, ledger.stages
    with ledger.writing(store.ledger) as connection:
        if connection.execute(select(r.c.run_id).where(r.c.run_id == run_id)).first():
            connection.execute(update(r).where(r.c.run_id == run_id).values(state="running", finished_at=None))
            return
        connection.execute(
            insert(r).values(
                run_id=run_id,
                name=name,
                recipe=json.dumps(dict(recipe), ensure_ascii=False, sort_keys=True),
                state="running",
                started_at=ledger.now(),
            )
        )
        connection.execute(delete(s).where(s.c.run_id == run_id))
        connection.execute(
            insert(s),
            [
                {
                    "run_id": run_id,
                    "position": i,
                    "stage": stage.name,
                    "stage_id": prints[stage.name],
                    "state": "waiting",
                }
                for i, stage in enumerate(stages)
            ],
        )


def _work(
    store: Store,
    run_id: str,
    position: int,
    stage: Stage,
    stage_id: str,
    prints: Mapping[str, str],
    tick: Callable[[int, int, str], None],
) -> None:
    workdir = store.path / "work" / stage_id
    workdir.mkdir(parents=True, exist_ok=True)
    _state(store, run_id, position, state="running")
    started = time.monotonic()
    try:
        output = stage.work(Context(store, stage_id, workdir, {n: prints[n] for n in stage.after}, tick))
        output.accounting.check(stage.name)
        numbers = vars(output.accounting) | {"seconds": time.monotonic() - started}
        store.commit(
            stage_id,
            {
                table: rows if table == "working" else rows.with_columns(stage_id=pl.lit(stage_id))
                for table, rows in output.tables.items()
            },
            entries={**output.entries, "stage_results": [{"stage_id": stage_id, **numbers}]},
        )
    except BaseException:
        _state(store, run_id, position, state="failed")
        _close(store, run_id, "failed")
        raise
    shutil.rmtree(workdir)


def _accounted(store: Store, run_id: str, position: int, stage_id: str) -> tuple[Accounting, float]:
    """Copy the result of the stage, whoever executed it, into this run."""
    with store.ledger.connect() as connection:
        found = (
            connection.execute(select(ledger.stage_results).where(ledger.stage_results.c.stage_id == stage_id))
            .mappings()
            .one()
        )
    numbers = {key: value for key, value in found.items() if key != "stage_id"}
    _state(store, run_id, position, state="finished", **numbers)
    seconds = numbers.pop("seconds")
    return Accounting(**numbers), seconds


def _state(store: Store, run_id: str, position: int, **values: Any) -> None:
    s = ledger.stages
    with ledger.writing(store.ledger) as connection:
        connection.execute(update(s).where(s.c.run_id == run_id, s.c.position == position).values(**values))


def _close(store: Store, run_id: str, state: str) -> None:
    with ledger.writing(store.ledger) as connection:
        connection.execute(
            update(ledger.runs).where(ledger.runs.c.run_id == run_id).values(state=state, finished_at=ledger.now())
        )
