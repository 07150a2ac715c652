"""The review loop between the catalog and the Argilla server."""

from pathlib import Path
from typing import Any

import polars as pl

import annotate
from catalog import Store, digest, read_model, with_text
from catalog.releases import find_release, release_rows
from corpus import filters
from safeladder.pipeline.frames import table
from safeladder.pipeline.judge import judgement
from safeladder.pipeline.release import reviews
from safeladder.pipeline.verify import safety_rows
from synth.judges import as_unsafe, to_review


def running(path: Path) -> annotate.Server:
    """The review server of a store.

    Raises:
        LookupError: If none runs, with the command that starts it.
    """
    state, server = annotate.status(path / "argilla")
    if server is None or state != "running":
        raise LookupError(f"the review server of {path} is {state}: start it with `safeladder annotate up`")
    return server


def push_uncertain(path: Path, *, rows: int, overlap: int, dataset: str) -> dict[str, Any]:
    """Send the rows of the newest release about which the newest verifier is least certain, reviewed ones left out.

    Raises:
        LookupError: If no verifier has judged the rows of the release yet.
    """
    store = Store.existing(path)
    server = running(path)
    release = find_release(store, None)
    members = safety_rows(store, release_rows(store, release["release_id"]))
    newest = store.read("checkpoints").filter(pl.col("kind") == "verifier").sort("created_at").tail(1)
    verdicts = (
        store.read("verdicts")
        .unique(["sample_id", "checkpoint_id"], keep="last")
        .join(reviews(store), on="sample_id", how="anti")
        .join(newest.select("checkpoint_id"), on="checkpoint_id", how="semi")
        .join(members.select("sample_id"), on="sample_id", how="semi")
    )
    if verdicts.is_empty():
        raise LookupError("no verdicts on the newest release: `safeladder run RECIPE` trains a verifier and scores it")
    scored = verdicts.filter(~pl.col("abstained"))
    chosen = annotate.select_uncertain(scored, rows)
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
        "not_scored": verdicts.height - scored.height,
        "pushed": report.pushed,
        "already": report.already,
        "failed": report.failed,
    }


def push_disputed(path: Path, *, rows: int, overlap: int, dataset: str) -> dict[str, Any]:
    """Send the written rows whose label judges left open: first those that none of them scored, then by disagreement.

    Raises:
        LookupError: If no row was left open, or all of them have been reviewed.
    """
    store = Store.existing(path)
    server = running(path)
    left_open = (
        store.read("rejections").filter(pl.col("stage") == "judged").join(reviews(store), on="sample_id", how="anti")
    )
    said = store.read("judgements").filter(pl.col("task").is_in(["safety", "unsafe"]))
    said = said.join(left_open, on="sample_id", how="semi").unique(["sample_id", "judge"], keep="last")
    if said.is_empty():
        raise LookupError("judges left no row open that nobody has reviewed: `safeladder synth run` has rows judged")
    ordered = to_review([as_unsafe(judgement(row)) for row in said.iter_rows(named=True)])
    chosen = ordered.head(rows).select("sample_id", uncertainty="entropy")
    return _push(store, server, chosen, overlap=overlap, dataset=dataset)


def push_conflicts(path: Path, *, rows: int, overlap: int, dataset: str) -> dict[str, Any]:
    """Send rows that were met with labels that contradict each other: of copies the one that stays.

    Raises:
        LookupError: If no label contradicts another, or all such rows have been reviewed.
    """
    store = Store.existing(path)
    server = running(path)
    met = store.read("label_conflicts").filter(pl.col("task") == "safety").select(sample_id="matched_id")
    left = met.join(reviews(store), on="sample_id", how="anti")
    if left.is_empty():
        raise LookupError(
            "no safety label contradicts another one that nobody has reviewed; `safeladder run` finds them"
        )
    counted = left.group_by("sample_id").len().sort("len", "sample_id", descending=[True, False])
    chosen = counted.head(rows).select("sample_id", uncertainty=pl.lit(1.0))
    return _push(store, server, chosen, overlap=overlap, dataset=dataset)


def _push(store: Store, server: annotate.Server, chosen: pl.DataFrame, *, overlap: int, dataset: str) -> dict[str, Any]:
    """Send `sample_id` and `uncertainty`, and say what became of them."""
    samples = store.read("samples").unique("sample_id", keep="first")
    texts = with_text(samples.join(chosen, on="sample_id", how="semi"))
    shown = texts.select("sample_id", "prompt", "response", "images", language=filters.detect(texts["prompt"]))
    ready = chosen.join(shown, on="sample_id", maintain_order="left")
    report = annotate.push(server, ready, dataset=dataset, overlap=overlap, media=store.get_media)
    return {
        "dataset": dataset,
        "rows": ready.height,
        "pushed": report.pushed,
        "already": report.already,
        "failed": report.failed,
    }


def pull_answers(path: Path, *, dataset: str) -> dict[str, Any]:
    """Bring submitted answers into the catalog; an answer that stands is not written again."""
    store = Store.existing(path)
    pulled = annotate.pull(running(path), dataset=dataset)
    answers = pulled.annotations.with_columns(origin=pl.lit("review"))
    new = _changed(answers, reviews(store))
    if new.height:
        stored = store.segment_list("annotations")
        batch = digest({"reviews": new["annotation_id"].sort().to_list(), "after": len(stored)})
        store.commit(batch, {"annotations": table("annotations", new).with_columns(stage_id=pl.lit(batch))})
        read_model.build(store)
    return {
        "answers": answers.height,
        "new": new.height,
        "drafts": pulled.drafts,
        "discarded": pulled.discarded,
    }


def _changed(answers: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """The answers that differ from the last one of the same reviewer.

    One that was given before, and taken back in between, is told from the earlier one by an id that knows what it
    came after.
    """
    who = ["sample_id", "task", "annotator"]
    last = stored.unique(who, keep="last", maintain_order=True)
    known = answers.join(
        last.select(*who, pl.col("annotation_id", "label", "category").name.prefix("last_")), on=who, how="left"
    )
    same = pl.col("label").eq_missing(pl.col("last_label")) & pl.col("category").eq_missing(pl.col("last_category"))
    new = known.filter(pl.col("last_annotation_id").is_null() | ~same)
    again = new["annotation_id"].is_in(stored["annotation_id"].implode())
    ids = [
        digest([mine, before]) if met else mine
        for mine, before, met in zip(new["annotation_id"], new["last_annotation_id"], again, strict=True)
    ]
    return new.with_columns(annotation_id=pl.Series(ids, dtype=pl.String)).select(answers.columns)
