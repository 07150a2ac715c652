"""Prompt clusters: rows that must stand on one side of a split, because who has seen one has nearly seen the other."""

import numpy as np
import polars as pl

from corpus.dedup import similar_pairs
from corpus.dedup.components import join
from corpus.normalize import normalized


def prompt_clusters(rows: pl.DataFrame, *, threshold: float = 0.7) -> pl.DataFrame:
    """Cluster rows whose prompts are equal or similar, that share a picture, or that a source groups together.

    One picture under many questions joins them. One text joins its rows with and without a picture, but not where it
    stands under several pictures: then it is a frame, as in typographic attacks, and the pictures are the question.
    Nearly equal texts join only where neither has a picture. Rows derived from one intent in a source (`source_group`)
    stay together.

    Args:
        rows: sample_id, prompt_id, source, source_group, and prompt and images (`catalog.with_text`).
        threshold: Jaccard similarity of shingle sets from which two text prompts are alike.

    Returns:
        `sample_id` and `cluster_id`, the smallest prompt_id of its cluster; one row per sample.
    """
    prompts = rows.select("prompt_id", "prompt", "images").unique("prompt_id", keep="first").sort("prompt_id")
    prompts = prompts.with_row_index("at").with_columns(text=normalized(pl.col("prompt").fill_null("")))
    root_N = np.arange(len(prompts))  # the smaller position is the smaller prompt_id
    for left, right in (_alike(prompts, threshold), _joined(_links(rows, prompts))):
        root_N = join(root_N, left, right)
    found = prompts.select("prompt_id", cluster_id=prompts["prompt_id"].gather(root_N))
    members = rows.select("sample_id", "prompt_id").unique("sample_id").join(found, on="prompt_id")
    return members.select("sample_id", "cluster_id").sort("sample_id")


def _alike(prompts: pl.DataFrame, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    plain = prompts.filter(pl.col("images").list.len() == 0)
    pairs = similar_pairs(plain["prompt"], threshold=threshold)
    at = plain["at"].to_numpy().astype(np.int64)
    return at[pairs["left"].to_numpy()], at[pairs["right"].to_numpy()]


def _links(rows: pl.DataFrame, prompts: pl.DataFrame) -> pl.DataFrame:
    """`at` of a prompt, and `link`: prompts with the same link belong together."""
    pictures = pl.col("images").list.join(" ")
    framed = pictures.filter(pictures != "").n_unique().over("text") > 1
    texts = prompts.filter((pl.col("text") != "") & ~(framed & (pictures != ""))).select(
        "at", link="text:" + pl.col("text")
    )
    pictured = prompts.select("at", link="images").explode("link", empty_as_null=False)
    grouped = rows.filter(pl.col("source_group").is_not_null()).select(
        "prompt_id", link=pl.concat_str(pl.lit("group:"), "source", pl.lit("\x1f"), "source_group")
    )
    groups = grouped.unique().join(prompts, on="prompt_id").select("at", "link")
    return pl.concat([texts, pictured.select("at", link="image:" + pl.col("link")), groups])


def _joined(links: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Every prompt of a link beside the first one of it."""
    pairs = links.select("at", first=pl.col("at").min().over("link"))
    return pairs["at"].to_numpy().astype(np.int64), pairs["first"].to_numpy().astype(np.int64)
