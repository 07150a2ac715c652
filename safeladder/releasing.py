"""A release outside a run: the members of the latest run with the labels of today."""

from pathlib import Path
from typing import Any

import polars as pl

from catalog import Store, digest, read_model
from safeladder.pipeline.release import freeze


def create_release(path: Path, name: str) -> dict[str, Any]:
    """Freeze a release of the latest finished run's members; what it left out is in `rejections`.

    Raises:
        LookupError: If no run has finished.
    """
    store = Store.existing(path)
    finished = store.read("runs").filter(pl.col("state") == "finished").sort("started_at")
    if finished.is_empty():
        raise LookupError(
            f"no finished run in {path}: a release takes its rows from one; `safeladder run RECIPE` makes it"
        )
    run_id = finished["run_id"][-1]
    mine = store.read("stages").filter((pl.col("run_id") == run_id) & pl.col("stage").is_in(["split", "synth"]))
    members = pl.concat([store.read("splits", batch_id=stage_id) for stage_id in mine.sort("position")["stage_id"]])
    output = freeze(store, members.select("sample_id", "split", "cluster_id"), name=name)
    output.accounting.check("release")
    release_id = output.tables["release_rows"]["release_id"].first()
    stage_id = digest({"release": release_id, "name": name, "of_run": run_id})
    tables = {table: rows.with_columns(stage_id=pl.lit(stage_id)) for table, rows in output.tables.items()}
    new = store.commit(stage_id, tables, entries=output.entries)
    read_model.build(store)
    counts = vars(output.accounting)
    return {"release": name, "release_id": release_id, "new": new, "members": counts["rows_in"]} | {
        key: counts[key] for key in ("rows_out", "rejected")
    }
