"""Judges against people: what each gets right, what it mistakes for what, and how sure that is."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl

from synth.judges.judgement import Judgement
from synth.judges.rates import Rate, rate

HUMAN = ("review", "human")  # origins of an annotation that a person gave


class Comparison(NamedTuple):
    """One judge against people.

    `accuracy` counts samples that a person labelled and the judge scored; the others stand in `accuracy.unscored`.
    `confusion` has `truth`, `said` and `n`; `said` is null where the judge did not score.
    """

    judge: str
    accuracy: Rate
    confusion: pl.DataFrame


def human_labels(annotations: pl.DataFrame, task: str) -> dict[str, str]:
    """The label that people gave to each sample, where all of them gave the same one.

    Args:
        annotations: Rows of that table: `sample_id`, `task`, `label`, `unsafe`, `origin`.
        task: `unsafe` reads the binary column of safety annotations.
    """
    label = pl.when("unsafe").then(pl.lit("unsafe")).otherwise(pl.lit("safe")) if task == "unsafe" else pl.col("label")
    known = pl.col("unsafe" if task == "unsafe" else "label").is_not_null()
    stored = "safety" if task == "unsafe" else task
    given = annotations.filter((pl.col("task") == stored) & pl.col("origin").is_in(HUMAN) & known)
    by_sample = given.with_columns(label=label).group_by("sample_id").agg(pl.col("label").unique())
    return dict(by_sample.filter(pl.col("label").list.len() == 1).explode("label").iter_rows())


def compare(judgements: Sequence[Judgement], truth: Mapping[str, str]) -> list[Comparison]:
    """Each judge against the labels that people gave; samples that nobody labelled are left out."""
    by_judge: dict[str, list[Judgement]] = {}
    for one in judgements:
        if one.sample_id in truth:
            by_judge.setdefault(one.judge, []).append(one)
    return [
        Comparison(
            judge,
            rate((None if one.label is None else one.label == truth[one.sample_id], one.outcome) for one in given),
            pl.DataFrame(
                [(truth[one.sample_id], one.label) for one in given],
                schema={"truth": pl.String, "said": pl.String},
                orient="row",
            )
            .group_by("truth", "said")
            .agg(n=pl.len().cast(pl.Int64))
            .sort("truth", "said", nulls_last=True),
        )
        for judge, given in sorted(by_judge.items())
    ]
