"""How a run stands: its state, its stages, and the one command that goes on with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from catalog import Store
from catalog.runs import is_running
from safeladder.commands import remembered


@dataclass(frozen=True)
class Standing:
    """A run: running, killed, failed, finished, or finished with failures."""

    run_id: str
    name: str
    state: str
    stages: list[dict[str, Any]]
    failed: list[str]
    next: str | None
    report: Path | None

    @property
    def holds(self) -> bool:
        """Whether nothing needs to be done again."""
        return self.state in ("running", "finished")


def standing(store: Store, path: Path, run: str | None) -> Standing:
    """How a run stands.

    Args:
        store: Where it ran.
        path: The folder of the store.
        run: First characters of its id; the run that was begun last where this is None.

    Raises:
        LookupError: If there is no such run, or several begin so.
    """
    runs = store.read("runs").sort("started_at", descending=True)
    found = runs.filter(pl.col("run_id").str.starts_with(run)) if run else runs.head(1)
    if found.is_empty():
        raise LookupError(f"no run {run or ''} in {path}; start one with `safeladder run RECIPE`")
    if found.height > 1:
        raise LookupError(f"more than one run {run}: {', '.join(found['run_id'].str.head(12))}")
    row = found.row(0, named=True)
    mine = store.read("stages").filter(pl.col("run_id") == row["run_id"]).sort("position").drop("run_id", "position")
    stages = mine.to_dicts()
    state = row["state"]
    if state == "running" and not is_running(store, row["run_id"]):
        state = "killed"
        stages = [stage | {"state": "killed" if stage["state"] == "running" else stage["state"]} for stage in stages]
    failed = [
        f"failed     {stage['stage']}: {stage['failed']:,} of {stage['rows_in']:,} rows; they are in `rejections`"
        for stage in stages
        if stage["failed"]
    ]
    if state == "finished" and failed:
        state = "finished with failures"
    next = None
    if state in ("killed", "failed", "finished with failures"):
        # A run whose command was not kept is gone on with by the words that started it.
        next = remembered(path, row["run_id"], retry=state == "finished with failures")
        next = next or "give the command again that started it; what is finished is reused"
    report = path / "runs" / row["run_id"][:12] / "report.html"
    return Standing(
        row["run_id"], row["name"], state, stages, failed, next, report=report if report.is_file() else None
    )
