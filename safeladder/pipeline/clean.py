"""Filter, deduplicate, cluster and split: what stays in the corpus, and on which side of the exam it stands."""

from pathlib import Path

import polars as pl

from catalog import Accounting, Context, Output, Stage, with_text
from corpus import clusters, dedup, filters, split, steps
from safeladder.pipeline.frames import empty, table
from safeladder.recipe import DedupConfig, FilterConfig, SplitConfig


def filter_stage(config: FilterConfig, ingests: list[str], *, workers: int) -> Stage:
    """Reject rows that are too short, too long, repetitive, in another language or personal."""
    return Stage(
        name="filter",
        work=lambda context: _filter(context, config, workers),
        after=tuple(ingests),
        config=config.model_dump(mode="json"),
    )


def _filter(context: Context, config: FilterConfig, workers: int) -> Output:
    inputs = []
    for name in context.upstream:
        rows = context.read("working", name)
        path = context.workdir / "in" / f"{name.removeprefix('ingest:')}.parquet"
        path.parent.mkdir(exist_ok=True)
        rows.write_parquet(path)
        inputs.append(path)
    reply = pl.coalesce("response", "prompt")
    whole = pl.concat_str("prompt", pl.col("response").fill_null(""), separator="\n")
    reasons: list[steps.Reason] = [
        filters.length(reply, min_chars=config.min_chars, max_chars=config.max_chars),
        filters.length(whole, min_chars=config.min_chars, max_chars=config.max_chars),
        filters.repetition(reply, max_share=config.max_repeated),
        steps.OnText(filters.language, allowed=config.languages),
    ]
    if config.pii:
        reasons.append(steps.OnText(filters.pii))
    context.tick(0, len(inputs), "files")
    out = context.workdir / "out"
    counts = steps.run_filters(inputs, out, reasons, workers=workers)
    kept = _read(out / "kept", "working")
    rejected = table("rejections", _read(out / "rejected", "rejections"), stage="filter")
    return Output(
        Accounting(counts.rows_in, counts.rows_out, rejected=counts.rejected, failed=counts.failed),
        {"working": kept, "rejections": rejected},
    )


def _read(folder: Path, name: str) -> pl.DataFrame:
    return pl.concat([empty(name), *(table(name, pl.read_parquet(path)) for path in sorted(folder.glob("*.parquet")))])


def dedup_stage(config: DedupConfig) -> Stage:
    """Keep one of several copies, exact or near."""
    return Stage(
        name="dedup",
        work=lambda context: _dedup(context, config),
        after=("filter",),
        config=config.model_dump(mode="json"),
    )


def _dedup(context: Context, config: DedupConfig) -> Output:
    rows = with_text(context.read("working", "filter")).with_row_index("row")
    copies = dedup.exact_duplicates(rows)
    left = rows.join(copies, on="row", how="anti")
    # A minimal pair with two answers is what a verifier learns most from: only rows with the same answer are copies.
    answer = ["task", "label", "unsafe"]
    near = [
        dedup.near_duplicates(
            group.select(
                "row",
                "sample_id",
                "origin",
                text=pl.concat_str("prompt", "response", separator="\n", ignore_nulls=True),
            ),
            threshold=config.threshold,
        )
        for group in left.filter(pl.col("images").list.len() == 0).partition_by(answer)
    ]
    gone = pl.concat(
        [copies.with_columns(reason=pl.lit("exact_duplicate"))]
        + [found.with_columns(reason=pl.lit("near_duplicate")) for found in near],
        how="diagonal_relaxed",
    )
    rejected = table("rejections", rows.join(gone, on="row"), stage="dedup")
    kept = left.join(gone, on="row", how="anti")
    return Output(
        Accounting(rows.height, kept.height, rejected=rejected.height),
        {"working": table("working", kept), "rejections": rejected},
    )


def split_stage(config: SplitConfig, *, seed: int) -> Stage:
    """Cluster by prompt and image, and put whole clusters into train, calibration or test."""
    return Stage(
        name="split",
        work=lambda context: _split(context, config, seed),
        after=("dedup",),
        config=config.model_dump(mode="json") | {"seed": seed},
    )


def _split(context: Context, config: SplitConfig, seed: int) -> Output:
    rows = with_text(context.read("working", "dedup"))
    found = clusters.prompt_clusters(rows, threshold=config.cluster_threshold)
    sides = split.assign(found, calibration=config.calibration, test=config.test, seed=seed)
    return Output(
        Accounting(rows.height, sides.height),
        {"working": table("working", rows), "clusters": table("clusters", found), "splits": table("splits", sides)},
    )
