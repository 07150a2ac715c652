"""Runs: a recipe as a chain of stages, each reused where it has been done and redone where it has not.

A stage's fingerprint is the digest of its name, code version, config, the fingerprints of the stages it reads and the
digests of what it reads from outside; `LEFT_OUT` says what is not in it, and why. Runs of different recipes may go on
at the same time: a stage that they share is done by one of them.

A row that fails (its filter or verifier raised on it) does not stop its stage: it is counted as failed, it stands in
`rejections` with the reason `failed`, and the stage is committed without it. To ask again is another attempt at the
stage: with a fingerprint of its own, so that every later stage follows it, and with the rows of the attempt before it
at hand, so that only what failed is done again. `catalog.attempts()` says which attempt counts.
"""

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import delete, insert, select, update

from catalog import ledger, locks
from catalog.ids import digest
from catalog.store import Store

LEFT_OUT = {
    "number of workers": "work is cut by content, and parts are put together in order",
    "paths of store and data root": "files count by their digest, wherever they lie",
    "name of the recipe": "it is a label; the run has it",
    "progress display, times": "they change no row",
    "versions of libraries": "they are pinned; a stage whose results change with one raises its code version",
}


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
    before: str | None = None  # fingerprint of the attempt before this one, whose failed rows are to be done again

    def read(self, table: str, stage: str) -> pl.DataFrame:
        """Rows of a table that an earlier stage of this run wrote."""
        return self.store.read(table, batch_id=self.upstream[stage])

    def read_before(self, table: str) -> pl.DataFrame:
        """Rows of a table that the attempt before this one wrote, without `stage_id`."""
        assert self.before is not None
        return self.store.read(table, batch_id=self.before).drop("stage_id", strict=False)


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
        attempt: Above 1 where rows that failed are done again; see `catalog.attempts()`.
    """

    name: str
    work: Callable[[Context], Output]
    after: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    reads: Mapping[str, str] = field(default_factory=dict)
    version: int = 1
    attempt: int = 1


def fingerprints(stages: Sequence[Stage]) -> dict[str, str]:
    """Fingerprint of each stage, by name, in order."""
    found: dict[str, str] = {}
    for stage in stages:
        found[stage.name] = fingerprint(stage, found)
    return found


def fingerprint(stage: Stage, earlier: Mapping[str, str]) -> str:
    """Fingerprint of a stage, given those of the stages before it."""
    what = {
        "name": stage.name,
        "version": stage.version,
        "config": dict(stage.config),
        "after": {name: earlier[name] for name in stage.after},
        "reads": dict(stage.reads),
    }
    return digest(what if stage.attempt == 1 else what | {"attempt": stage.attempt})


def failed_rows(store: Store, stage_id: str) -> int:
    """Rows that failed in a stage; 0 where it was not committed."""
    r = ledger.stage_results
    with store.ledger.connect() as connection:
        return connection.execute(select(r.c.failed).where(r.c.stage_id == stage_id)).scalar() or 0


def id_of(recipe: Mapping[str, Any], stages: Sequence[Stage]) -> str:
    """Id of the run of a recipe: the same as long as nothing that it reads has changed."""
    return digest({"recipe": dict(recipe), "stages": fingerprints(stages)})


def plan(store: Store, stages: Sequence[Stage]) -> list[tuple[Stage, str, bool]]:
    """Each stage with its fingerprint and whether it has been done already."""
    prints = fingerprints(stages)
    return [(stage, prints[stage.name], store.has(prints[stage.name])) for stage in stages]


def is_running(store: Store, run_id: str) -> bool:
    """Whether a process works on a run; one whose process was killed is not running, whatever its row says."""
    return locks.is_held(store, f"run-{run_id}")


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
        RuntimeError: If a stage's rows do not add up, or another process works on the same run.
        ValueError: If two stages have the same name.
    """
    names = [stage.name for stage in stages]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two stages of the run have the name {', '.join(twice)}: each needs one of its own")
    prints = fingerprints(stages)
    run_id = id_of(recipe, stages)
    try:
        with locks.held(store, f"run-{run_id}"):
            _open(store, run_id, name, recipe, stages, prints)
            for position, stage in enumerate(stages):
                stage_id = prints[stage.name]
                begin(stage.name, store.has(stage_id))
                with locks.held(store, f"stage-{stage_id}", wait=True):  # another run may be at it: then it is reused
                    if store.has(stage_id):
                        shutil.rmtree(store.path / "work" / stage_id, ignore_errors=True)  # left by a kill
                    else:
                        _work(store, run_id, position, stage, stage_id, prints, tick)
                end(stage.name, *_accounted(store, run_id, position, stage_id))
            _close(store, run_id, "finished")
    except locks.Held:
        raise RuntimeError(
            f"another process works on this run ({run_id[:12]}) in {store.path}; `safeladder status` shows how far"
        ) from None
    return run_id


def _open(
    store: Store, run_id: str, name: str, recipe: Mapping[str, Any], stages: Sequence[Stage], prints: Mapping[str, str]
) -> None:
    r, s = ledger.runs, ledger.stages
    with store.ledger.connect() as connection:
        unfinished = connection.execute(select(r.c.run_id).where(r.c.state == "running")).scalars().all()
    killed = [known for known in unfinished if known == run_id or not is_running(store, known)]
    with ledger.writing(store.ledger) as connection:
        for table in (r, s):
            was = table.c.run_id.in_(killed), table.c.state == "running"
            connection.execute(update(table).where(*was).values(state="killed"))
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
    if stage.attempt > 1:  # a killed attempt left pieces that hold the very failures which this one is to do again
        shutil.rmtree(workdir, ignore_errors=True)
    workdir.mkdir(parents=True, exist_ok=True)
    _state(store, run_id, position, state="running")
    started = time.monotonic()
    before = fingerprint(replace(stage, attempt=stage.attempt - 1), prints) if stage.attempt > 1 else None
    try:
        output = stage.work(Context(store, stage_id, workdir, {n: prints[n] for n in stage.after}, tick, before))
        output.accounting.check(stage.name)
        if before and output.accounting.failed >= failed_rows(store, before):
            shutil.rmtree(workdir)
            raise RuntimeError(
                f"stage {stage.name}: the {output.accounting.failed} rows that failed have failed again: nothing was "
                "changed; `rejections` in the catalog has them with the reason `failed` and the error in `detail`"
            )
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
