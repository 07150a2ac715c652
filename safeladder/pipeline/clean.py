"""Filter, cluster and split: which rows are fit to be judged, and on which side of the exam they stand."""

from pathlib import Path

import polars as pl

from catalog import Accounting, Context, Output, Stage, Store, releases, with_text
from corpus import filters, pieces, split, steps
from corpus.pieces import REASON_FAILED
from safeladder.pipeline.frames import empty, table
from safeladder.pipeline.scrubbing import scrubbed
from safeladder.recipe import FilterConfig, SplitConfig


def filter_stage(config: FilterConfig, ingests: list[str], *, workers: int) -> Stage:
    """Reject rows that are too short, too long, repetitive, in another language or personal."""
    return Stage(
        name="filter",
        work=lambda context: _filter(context, config, workers),
        after=tuple(ingests),
        config=config.model_dump(mode="json"),
        version=4,  # 1 knew neither noise, markup nor secrets, 2 looked for markup in prompts, 3 took names for German
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
    done = steps.run_filters(
        inputs,
        context.workdir / "out",
        reasons(config),
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
    out = {"working": kept, "rejections": table("rejections", gone, stage="filter")}
    created = 0
    if config.pii == "scrub":
        personal = gone.filter(pl.col("reason").is_in(list(filters.PII_REASONS.values())))
        made = scrubbed(_all(context).join(personal, on=PLACE, how="semi", nulls_equal=True))
        created = made["working"].height
        out |= made | {"working": pl.concat([kept, made["working"]])}
    return Output(Accounting(rows_in, kept.height, rejected=gone.height - bad, failed=bad, created=created), out)


def reasons(config: FilterConfig) -> list[steps.Reason]:
    """The filters that a recipe asks for, in the order in which they are asked; personal data last.

    Ciphers, broken characters, markup and marks of templates are attacks where they stand in a prompt: those filters
    read replies alone. Noise is what a row is about where its label calls the reply illogical.
    """
    chosen: list[steps.Reason] = [
        filters.length(pl.col("reply"), min_chars=config.min_chars, max_chars=config.max_chars),
        filters.length(pl.col("whole"), max_chars=config.max_chars),
        filters.repeated_lines(pl.col("reply"), max_share=config.max_repeated),
        steps.OnColumn("reply", filters.repeated_phrases, {"max_share": config.max_repeated}),
        steps.OnColumn("reply", filters.language, {"allowed": config.languages}),
    ]
    if config.min_words_with_letter_ratio is not None:
        least = config.min_words_with_letter_ratio
        chosen.append(filters.words_with_letter(pl.col("reply"), min_ratio=least))
    if config.broken:
        chosen += [
            pl.when(pl.col("sense").is_not_null()).then(filters.no_words(pl.col("sense"))),
            filters.mojibake(pl.col("sense")),
            *(steps.OnColumn("sense", broken) for broken in (filters.control_characters, filters.gibberish)),
        ]
    if config.template:
        chosen.append(steps.OnColumn("response", filters.template))
    if config.placeholders:
        chosen.append(steps.OnColumn("response", filters.placeholders))
    if config.markup:
        chosen += [steps.OnColumn("response", markup) for markup in (filters.active_markup, filters.leftover_markup)]
    if config.secrets:
        chosen.append(steps.OnColumn("whole", filters.secrets))
    if config.pii != "keep":
        chosen.append(steps.OnColumn("whole", filters.pii))
    return chosen


def _all(context: Context) -> pl.DataFrame:
    return pl.concat([empty("working"), *(context.read("working", name) for name in context.upstream)])


def _read(paths: list[Path], name: str) -> pl.DataFrame:
    return pl.concat([empty(name), *(table(name, pl.read_parquet(path)) for path in paths)])


def split_stage(config: SplitConfig, *, after: str, seed: int, made_from: str | None = None) -> Stage:
    """Cluster by prompt and image, and put whole clusters into train, calibration or test.

    Args:
        config: Shares, and what makes a cluster.
        after: Name of the stage whose rows are split.
        seed: Decides which cluster goes where.
        made_from: Release whose rows some of these were made from: they stay on the side of their parents.
    """
    return Stage(
        name="split",
        work=lambda context: _split(context, config, seed, made_from),
        after=(after,),
        config=config.model_dump(mode="json") | {"seed": seed},
        reads={"made_from": made_from} if made_from else {},
        version=2,  # 1 cut by the number of clusters
    )


def _split(context: Context, config: SplitConfig, seed: int, made_from: str | None) -> Output:
    from corpus import clusters  # compiled kernels, which a plan does not need

    (before,) = context.upstream
    rows = with_text(context.read("working", before))
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
