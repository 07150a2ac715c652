"""Release: freeze the labelled rows of the run, with the answers that reviewers have given so far."""

import polars as pl

from catalog import Accounting, Context, Output, Stage, Store, digest, releases
from safeladder.pipeline.frames import table
from safeladder.recipe import ReleaseConfig


def stage(config: ReleaseConfig, store: Store, *, derived: bool) -> Stage:
    """Freeze a release; new reviews in the store make a new one."""
    after = ("split", "synth") if derived else ("split",)
    reviews = store.read("annotations").filter(pl.col("origin") == "review")["annotation_id"].unique().sort()
    return Stage(
        name="release",
        work=lambda context: _freeze(context, config),
        after=after,
        config=config.model_dump(mode="json"),
        reads={"reviews": digest(reviews.to_list())},
    )


def _freeze(context: Context, config: ReleaseConfig) -> Output:
    members = pl.concat([context.read("splits", name) for name in context.upstream]).select(
        "sample_id", "split", "cluster_id"
    )
    return freeze(context.store, members, name=config.name)


def freeze(store: Store, members: pl.DataFrame, *, name: str) -> Output:
    """Freeze a release of these members; what has no settled label is rejected with the reason."""
    frozen = releases.freeze(store, members, store.read("annotations"), name=name)
    rows, conflicts = frozen["rows"], frozen["conflicts"]
    missing = members.join(rows, on="sample_id", how="anti").select("sample_id")
    reason = (
        pl.when(pl.col("sample_id").is_in(store.read("takedowns")["sample_id"].implode()))
        .then(pl.lit("taken_down"))
        .when(pl.col("sample_id").is_in(conflicts["sample_id"].implode()))
        .then(pl.lit("label_conflict"))
        .otherwise(pl.lit("no_label"))
    )
    rejected = table("rejections", missing.with_columns(reason=reason), stage="release")
    kept = rows["sample_id"].n_unique()
    return Output(
        Accounting(members.height, kept, rejected=rejected.height),
        {**frozen["tables"], "rejections": rejected},
        {"releases": frozen["entries"]["releases"]},
    )


def rows_of(context: Context, release_id: str | None) -> pl.DataFrame:
    """Rows of the named release, or of the one that this run froze, with `release_id`."""
    if release_id is None:
        release_id = str(context.read("release_rows", "release")["release_id"].first())
    return releases.release_rows(context.store, release_id).with_columns(release_id=pl.lit(release_id))
