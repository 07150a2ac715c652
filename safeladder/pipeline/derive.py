"""Derive: attack variants, counterfactual edits and typographic images from the rows that stayed."""

import polars as pl

import synth
from catalog import Accounting, Context, Output, Stage, with_text
from safeladder.pipeline.frames import annotations_of, empty, samples_of, table


def stage(config: synth.SynthConfig) -> Stage:
    """Make labelled variants; each stands on the side of the split where its parent stands."""
    transforms = [*synth.ATTACKS.values(), *synth.EDITS.values()]
    return Stage(
        name="synth",
        work=lambda context: _derive(context, config),
        after=("split",),
        config=config.model_dump(mode="json") | {"transforms": [transform.relation for transform in transforms]},
    )


def _derive(context: Context, config: synth.SynthConfig) -> Output:
    sides = context.read("splits", "split").select("sample_id", "split", "cluster_id")
    given = context.read("working", "split")
    rows = with_text(given).join(sides, on="sample_id")
    context.tick(0, rows.height, "rows")
    made = synth.derive(rows, config=config)
    for _, picture in made.media:
        context.store.put_media(picture)
    media = table("media", pl.DataFrame([row for row, _ in made.media])) if made.media else empty("media")
    samples = samples_of(made.rows)
    return Output(
        # A row without a side, or with two, is no longer one row: the numbers do not add up and nothing is committed.
        Accounting(given.height, rows.height, created=samples.height),
        {
            "samples": samples,
            "annotations": annotations_of(made.rows, annotator=pl.col("source_label")),
            "lineage": table("lineage", made.lineage),
            "media": media,
            "splits": table("splits", _placed(made, rows)),
        },
    )


def _placed(made: synth.Derived, parents: pl.DataFrame) -> pl.DataFrame:
    """Split and cluster of each child: those of its parent, which of two is the one that gave the prompt."""
    asked = parents.select(parent_id="sample_id", parent_prompt="prompt_id", split="split", cluster_id="cluster_id")
    return (
        made.rows.select("sample_id", "prompt_id")
        .join(made.lineage.select(sample_id="child_id", parent_id="parent_id"), on="sample_id")
        .join(asked, on="parent_id")
        .sort("sample_id", pl.col("prompt_id") != pl.col("parent_prompt"), "parent_id")
        .unique("sample_id", keep="first", maintain_order=True)
    )
