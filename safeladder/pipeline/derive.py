"""Derive: attack variants, counterfactual edits and typographic images from the rows that stayed."""

import polars as pl

import synth
from catalog import Accounting, Context, Output, Stage, with_text
from safeladder.pipeline.frames import annotations_of, empty, samples_of, table


def stage(config: synth.SynthConfig) -> Stage:
    """Make labelled variants; each stands on the side of the split where its parent stands."""
    return Stage(
        name="synth",
        work=lambda context: _derive(context, config),
        after=("split",),
        config=config.model_dump(mode="json") | {"transforms": synth.versions()},
    )


def _derive(context: Context, config: synth.SynthConfig) -> Output:
    rows = with_text(context.read("working", "split"))
    sides = context.read("splits", "split").select("sample_id", "split", "cluster_id")
    context.tick(0, rows.height, "rows")
    made = synth.derive(rows.join(sides, on="sample_id"), config=config)
    parents = made.lineage.unique("child_id", keep="first", maintain_order=True)
    new = made.rows.unique("sample_id", keep="first", maintain_order=True).join(
        rows.select("sample_id"), on="sample_id", how="anti"
    )
    lineage = made.lineage.join(new.select(child_id="sample_id"), on="child_id", how="semi")
    placed = new.join(parents.select(sample_id="child_id", parent_id="parent_id"), on="sample_id").join(
        sides.rename({"sample_id": "parent_id"}), on="parent_id"
    )
    for _, picture in made.media:
        context.store.put_media(picture)
    media = table("media", pl.DataFrame([row for row, _ in made.media])) if made.media else empty("media")
    return Output(
        Accounting(rows.height, rows.height, created=new.height),
        {
            "samples": samples_of(new),
            "annotations": annotations_of(new, annotator=pl.col("source_label")),
            "lineage": table("lineage", lineage),
            "media": media,
            "splits": table("splits", placed),
        },
    )
