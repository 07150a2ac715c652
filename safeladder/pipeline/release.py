"""Release: freeze the labelled rows of the run, with the answers that reviewers have given so far."""

from collections.abc import Iterable

import polars as pl

from catalog import Accounting, Context, Output, Stage, Store, digest, releases
from safeladder.pipeline.exams import refuse
from safeladder.pipeline.frames import table
from safeladder.recipe import ExamConfig, ReleaseConfig


def stage(config: ReleaseConfig, store: Store, *, after: list[str], exams: ExamConfig | None = None) -> Stage:
    """Freeze a release of what the stages before it made; new reviews in the store make a new one.

    With exams, no release is frozen that has a row which holds an item of one.
    """
    latest = reviews(store).sort("sample_id", "task", "annotator")
    return Stage(
        name="release",
        work=lambda context: freeze(context.store, context.upstream.values(), name=config.name, exams=exams),
        after=tuple(after),
        config=config.model_dump(mode="json"),
        reads={"reviews": digest(latest["annotation_id"].to_list())},
    )


def reviews(store: Store) -> pl.DataFrame:
    """The reviewers' answers that stand: of each reviewer, the last one on a sample and task."""
    answers = store.read("annotations").filter(pl.col("origin") == "review")
    return answers.unique(["sample_id", "task", "annotator"], keep="last", maintain_order=True)


def freeze(store: Store, stage_ids: Iterable[str], *, name: str, exams: ExamConfig | None = None) -> Output:
    """Freeze a release of the members that stages placed, with the labels that they and the reviewers gave.

    What other runs in this store said of the same samples does not count, so a release does not depend on its history.
    What has no settled label is rejected with the reason.

    Raises:
        RuntimeError: If a member holds an item of the exams.
    """
    stage_ids = list(stage_ids)
    placed = pl.concat([store.read("splits", batch_id=stage_id) for stage_id in stage_ids])
    members = placed.select("sample_id", "split", "cluster_id")
    if exams:
        refuse(store, members["sample_id"], exams, name=name)
    given = [store.read("annotations", batch_id=stage_id) for stage_id in stage_ids]
    frozen = releases.freeze(store, members, pl.concat([*given, reviews(store)]), name=name)
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
