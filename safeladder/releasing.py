"""A release outside a run: the members of the latest run with the labels of today."""

from pathlib import Path
from typing import Any

import polars as pl

from catalog import Store, digest, ledger, read_model
from catalog.releases import checked_name
from safeladder.pipeline.release import freeze


def create_release(path: Path, name: str) -> dict[str, Any]:
    """Freeze a release of the latest finished run's members; what it left out is in `rejections`.

    Raises:
        ValueError: If the name is none.
        LookupError: If no run has finished.
    """
    checked_name(name)
    store = Store.existing(path)
    stages = store.read("stages")
    splitting = stages.filter(pl.col("stage") == "split").select("run_id")
    finished = store.read("runs").filter(pl.col("state") == "finished").join(splitting, on="run_id").sort("finished_at")
    if finished.is_empty():
        raise LookupError(f"no finished run in {path} has rows to release; `safeladder run RECIPE` makes one")
    run_id = finished["run_id"][-1]
    mine = stages.filter(pl.col("run_id") == run_id).sort("position")
    before = mine.filter(pl.col("position") < mine.filter(pl.col("stage") == "release")["position"].first())
    output = freeze(store, before["stage_id"], name=name)
    output.accounting.check("release")
    release_id = output.tables["release_rows"]["release_id"].first()
    stage_id = digest({"release": release_id, "name": name, "of_run": run_id, "at": str(ledger.now())})
    tables = {table: rows.with_columns(stage_id=pl.lit(stage_id)) for table, rows in output.tables.items()}
    known = release_id in set(store.read("releases")["release_id"])
    store.commit(stage_id, tables, entries=output.entries)
    read_model.build(store)
    counts = vars(output.accounting)
    return {"release": name, "release_id": release_id, "new": not known, "members": counts["rows_in"]} | {
        key: counts[key] for key in ("rows_out", "rejected")
    }
