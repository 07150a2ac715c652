"""Prompt clusters: rows that must stand on one side of a split, because who has seen one has nearly seen the other."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import polars as pl

from corpus.dedup import similar_pairs


def prompt_clusters(rows: pl.DataFrame, *, threshold: float = 0.7) -> pl.DataFrame:
    """Cluster rows whose prompts are equal or similar, that share a picture, or that a source groups together.

    A prompt with pictures counts as text and pictures together: one fixed sentence under many pictures joins nothing,
    one picture under many questions does. Rows derived from one intent in a source (`source_group`) stay together.

    Args:
        rows: sample_id, prompt_id, source, source_group, and prompt and images (`catalog.with_text`).
        threshold: Jaccard similarity of shingle sets from which two text prompts are alike.

    Returns:
        `sample_id` and `cluster_id`, the smallest prompt_id of its cluster; one row per sample.
    """
    prompts = rows.select("prompt_id", "prompt", "images").unique("prompt_id", keep="first").sort("prompt_id")
    at = {prompt_id: i for i, prompt_id in enumerate(prompts["prompt_id"])}
    parent = list(range(len(at)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for left, right in _links(rows, prompts, at, threshold):
        a, b = sorted((root(left), root(right)))
        parent[b] = a  # the smaller position is the smaller prompt_id
    ids = prompts["prompt_id"].to_list()
    found = pl.DataFrame({"prompt_id": ids, "cluster_id": [ids[root(i)] for i in range(len(ids))]})
    return (
        rows.select("sample_id", "prompt_id")
        .unique("sample_id")
        .join(found, on="prompt_id")
        .select("sample_id", "cluster_id")
        .sort("sample_id")
    )


def _links(
    rows: pl.DataFrame, prompts: pl.DataFrame, at: dict[str, int], threshold: float
) -> Iterator[tuple[int, int]]:
    """Pairs of positions in `prompts` that belong together."""
    plain = prompts.with_row_index("at").filter(pl.col("images").list.len() == 0)
    for left, right in similar_pairs(plain["prompt"], threshold=threshold).select("left", "right").iter_rows():
        yield plain["at"][left], plain["at"][right]
    grouped = rows.filter(pl.col("source_group").is_not_null()).group_by("source", "source_group")
    yield from _chains(at, grouped.agg(pl.col("prompt_id").unique())["prompt_id"])
    pictured = rows.select("prompt_id", "images").explode("images", empty_as_null=False).group_by("images")
    yield from _chains(at, pictured.agg(pl.col("prompt_id").unique())["prompt_id"])


def _chains(at: dict[str, int], groups: Iterable[list[str]]) -> Iterator[tuple[int, int]]:
    for group in groups:
        yield from pairwise(at[prompt_id] for prompt_id in group)
