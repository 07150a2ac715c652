"""The review loop between the catalog and the Argilla server."""

from pathlib import Path
from typing import Any

import polars as pl

import annotate
from catalog import Store, digest, read_model
from catalog.releases import find_release, release_rows
from safeladder.pipeline.frames import table
from safeladder.pipeline.verify import safety_rows


def push_uncertain(path: Path, *, rows: int, overlap: int, dataset: str) -> dict[str, Any]:
    """Send the rows of the newest release about which the newest verifier is least certain.

    Raises:
        LookupError: If no verifier has judged the rows of the release yet.
    """
    store = Store.existing(path)
    server = annotate.running(path / "argilla")
    release = find_release(store, None)
    members = safety_rows(store, release_rows(store, release["release_id"]))
    newest = store.read("checkpoints").filter(pl.col("kind") == "verifier").sort("created_at").tail(1)
    verdicts = (
        store.read("verdicts")
        .join(newest.select("checkpoint_id"), on="checkpoint_id", how="semi")
        .join(members.select("sample_id"), on="sample_id", how="semi")
    )
    if verdicts.is_empty():
        raise LookupError("no verdicts on the newest release: `safeladder run RECIPE` trains a verifier and scores it")
    chosen = annotate.select_uncertain(verdicts, rows)
    from catalog import with_text

    shown = with_text(store.read("samples").unique("sample_id", keep="first")).select(
        "sample_id", "prompt", "response", "images"
    )
    languages = members.select("sample_id", "language")
    ready = chosen.join(shown, on="sample_id", maintain_order="left").join(
        languages, on="sample_id", maintain_order="left"
    )
    report = annotate.push(server, ready, dataset=dataset, overlap=overlap, media=store.get_media)
    return {
        "dataset": dataset,
        "rows": ready.height,
        "pushed": report.pushed,
        "already": report.already,
        "failed": report.failed,
    }


def pull_answers(path: Path, *, dataset: str) -> dict[str, Any]:
    """Bring submitted answers into the catalog; an answer that stands already is not written again."""
    store = Store.existing(path)
    pulled = annotate.pull(annotate.running(path / "argilla"), dataset=dataset)
    answers = pulled.annotations.with_columns(origin=pl.lit("review"))
    new = answers.join(store.read("annotations").select("annotation_id"), on="annotation_id", how="anti")
    if new.height:
        batch = digest({"reviews": new["annotation_id"].sort().to_list()})
        store.commit(batch, {"annotations": table("annotations", new).with_columns(stage_id=pl.lit(batch))})
        read_model.build(store)
    return {
        "answers": answers.height,
        "new": new.height,
        "drafts": pulled.drafts,
        "discarded": pulled.discarded,
    }
