"""Filter, deduplicate, cluster and split: what stays in the corpus, and on which side of the exam it stands."""

from pathlib import Path

import polars as pl

from catalog import Accounting, Context, Output, Stage, Store, releases, with_text
from corpus import clusters, dedup, filters, pieces, split, steps
from corpus.pieces import REASON_FAILED
from safeladder.pipeline.frames import annotations_of, empty, table
from safeladder.recipe import DedupConfig, FilterConfig, SplitConfig


def filter_stage(config: FilterConfig, ingests: list[str], *, workers: int) -> Stage:
    """Reject rows that are too short, too long, repetitive, in another language or personal."""
    return Stage(
        name="filter",
        work=lambda context: _filter(context, config, workers),
        after=tuple(ingests),
        config=config.model_dump(mode="json"),
    )


# Where a row was met: what joins a row and its rejection.
PLACE = ["sample_id", "source", "file", "line"]


def _filter(context: Context, config: FilterConfig, workers: int) -> Output:
    store = context.store
    inputs = [
        store.segment_file("working", segment)
        for stage_id in context.upstream.values()
        for _, segment in store.segment_list("working", batch_id=stage_id)
    ]
    if context.before:  # what did not fail stands
        failed = context.read_before("rejections").filter(pl.col("reason") == REASON_FAILED)
        again = _all(context).join(failed, on=PLACE, how="semi", nulls_equal=True)
        inputs = [context.workdir / "again.parquet"]
        pieces.write(inputs[0], again)
    reasons: list[steps.Reason] = [
        filters.length(pl.col("reply"), min_chars=config.min_chars, max_chars=config.max_chars),
        filters.length(pl.col("whole"), max_chars=config.max_chars),
        filters.repeated_lines(pl.col("reply"), max_share=config.max_repeated),
        steps.OnColumn("reply", filters.repeated_phrases, {"max_share": config.max_repeated}),
        steps.OnColumn("reply", filters.language, {"allowed": config.languages}),
    ]
    if config.pii:
        reasons.append(steps.OnColumn("whole", filters.pii))
    done = steps.run_filters(
        inputs,
        context.workdir / "out",
        reasons,
        workers=workers,
        may_fail=1.0 if context.before else 0.1,
        tick=lambda ready, total: context.tick(ready, total, "pieces"),
    )
    kept, gone = _read(done.kept, "working"), _read(done.judged_out, "rejections")
    rows_in = done.rows_in
    if context.before:
        everything = _all(context)
        rows_in = everything.height
        stands = context.read_before("rejections").filter(pl.col("reason") != REASON_FAILED)
        gone = pl.concat([stands, table("rejections", gone)])
        kept = everything.join(gone, on=PLACE, how="anti", nulls_equal=True)
    bad = int((gone["reason"] == REASON_FAILED).sum())
    return Output(
        Accounting(rows_in, kept.height, rejected=gone.height - bad, failed=bad),
        {"working": kept, "rejections": table("rejections", gone, stage="filter")},
    )


def _all(context: Context) -> pl.DataFrame:
    return pl.concat([empty("working"), *(context.read("working", name) for name in context.upstream)])


def _read(paths: list[Path], name: str) -> pl.DataFrame:
    return pl.concat([empty(name), *(table(name, pl.read_parquet(path)) for path in paths)])


NO_COPIES = pl.DataFrame(
    schema={"row": pl.UInt32, "matched_id": pl.String, "similarity": pl.Float64, "reason": pl.String}
)


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
    near = pl.concat([NO_COPIES, *(_near(group, config.threshold) for group in _texts(left).partition_by(answer))])
    copies = _followed(copies, left, near)
    gone = pl.concat([copies.with_columns(reason=pl.lit("exact_duplicate")), near])
    rejected = table("rejections", rows.join(gone, on="row"), stage="dedup")
    kept = left.join(gone, on="row", how="anti")
    return Output(
        Accounting(rows.height, kept.height, rejected=rejected.height),
        {
            "working": table("working", kept),
            "rejections": rejected,
            "annotations": annotations_of(_handed_on(rows, copies), annotator=pl.col("source")),
        },
    )


def _texts(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows without pictures, with rank and the text that is compared; pictures are not compared yet."""
    plain = rows.filter(pl.col("images").list.len() == 0)
    whole = pl.concat_str("prompt", "response", separator="\n", ignore_nulls=True)
    return plain.with_columns(rank=dedup.keep_rank(plain), whole=whole)


def _near(group: pl.DataFrame, threshold: float) -> pl.DataFrame:
    found = dedup.near_duplicates(group["whole"], group["sample_id"], group["rank"], threshold=threshold)
    return found.with_columns(row=group["row"].gather(found["row"]), reason=pl.lit("near_duplicate"))


def _followed(copies: pl.DataFrame, left: pl.DataFrame, near: pl.DataFrame) -> pl.DataFrame:
    """Exact copies, each with the row that stays in the end: what it copied may be a near copy of another."""
    gone = left.select("row", "sample_id").join(near, on="row")
    moved = gone.select(matched_id="sample_id", stays="matched_id", near="similarity")
    return copies.join(moved, on="matched_id", how="left").select(
        "row",
        matched_id=pl.coalesce("stays", "matched_id"),
        similarity=pl.coalesce("near", "similarity"),
    )


def _handed_on(rows: pl.DataFrame, copies: pl.DataFrame) -> pl.DataFrame:
    """Exact copies under another id, as rows of the sample that stays: their labels must not go with them."""
    copied = rows.join(copies, on="row").filter(pl.col("sample_id") != pl.col("matched_id"))
    return copied.with_columns(sample_id=pl.col("matched_id"))


def split_stage(config: SplitConfig, *, seed: int, made_from: str | None = None) -> Stage:
    """Cluster by prompt and image, and put whole clusters into train, calibration or test.

    Args:
        config: Shares, and what makes a cluster.
        seed: Decides which cluster goes where.
        made_from: Release whose rows some of these were made from: they stay on the side of their parents.
    """
    return Stage(
        name="split",
        work=lambda context: _split(context, config, seed, made_from),
        after=("dedup",),
        config=config.model_dump(mode="json") | {"seed": seed},
        reads={"made_from": made_from} if made_from else {},
        version=2,  # 1 cut by the number of clusters
    )


def _split(context: Context, config: SplitConfig, seed: int, made_from: str | None) -> Output:
    rows = with_text(context.read("working", "dedup"))
    found = clusters.prompt_clusters(rows, threshold=config.cluster_threshold)
    sides = split.assign(found, calibration=config.calibration, test=config.test, seed=seed)
    gone = empty("rejections")
    if made_from:
        sides, torn = _beside_parents(context.store, sides, made_from)
        torn_rows = rows.join(torn, on="sample_id", how="semi")
        gone = table("rejections", torn_rows, stage="split", reason="parents_on_two_sides")
    placed = table("working", rows.join(sides.select("sample_id"), on="sample_id", how="semi"))
    return Output(
        Accounting(rows.height, placed.height, rejected=gone.height),
        {
            "working": placed,
            "clusters": table("clusters", found),
            "splits": table("splits", sides),
            "rejections": gone,
        },
    )


def _beside_parents(store: Store, sides: pl.DataFrame, release_id: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Sides where whatever was made from rows of a release stands where they stand, with its whole cluster.

    A cluster that was made from rows of two sides would leak whatever is done with it, so it is given back as torn.
    """
    links = store.read("lineage").select("child_id", "parent_id").unique()
    known = releases.release_rows(store, release_id).select(ancestor="sample_id", of="split").unique()
    up = sides.select("sample_id", "cluster_id", ancestor="sample_id")
    reached, seen = [], up
    while up.height:
        reached.append(up.join(known, on="ancestor"))
        up = up.join(links, left_on="ancestor", right_on="child_id")
        up = up.select("sample_id", "cluster_id", ancestor="parent_id").unique()
        up = up.join(seen, on=up.columns, how="anti")  # a model may give a row that it was shown
        seen = pl.concat([seen, up])
    by_cluster = (
        pl.concat([up.join(known, on="ancestor"), *reached]).group_by("cluster_id").agg(pl.col("of").unique().sort())
    )
    placed = sides.join(by_cluster, on="cluster_id", how="left", maintain_order="left")
    torn = pl.col("of").list.len() > 1
    split_ = pl.coalesce(pl.col("of").list.first(), "split")
    whole = placed.filter(~torn.fill_null(False)).with_columns(split=split_)
    return whole.select(sides.columns), placed.filter(torn)
