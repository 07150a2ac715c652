"""Splits: whole clusters go to train, calibration or test, by their ids, their sizes and the seed alone."""

import hashlib
from functools import partial

import numpy as np
import polars as pl


def assign(clusters: pl.DataFrame, *, calibration: float = 0.15, test: float = 0.2, seed: int = 0) -> pl.DataFrame:
    """Put every cluster on one side.

    Clusters are lined up by a draw that belongs to their id and the seed, and the line is cut where the shares of rows
    come nearest to what was asked. The order of the rows changes nothing. New rows move a few old clusters across a
    cut, and those that they join: splits are frozen with the release, not for ever.

    Args:
        clusters: `sample_id`, `cluster_id`.
        calibration: Share of rows (0 to 1) for calibration.
        test: Share of rows for test.
        seed: Another seed, another draw.

    Returns:
        `sample_id`, `cluster_id`, `split`.

    Raises:
        ValueError: If the shares leave nothing for training.
    """
    if calibration < 0 or test < 0 or calibration + test >= 1:
        raise ValueError(f"calibration {calibration} and test {test} leave nothing to train on")
    draw = pl.col("cluster_id").map_elements(partial(_draw, seed=seed), pl.Float64)
    drawn = clusters.group_by("cluster_id").len("rows").sort(draw)
    upto_C = np.concatenate([[0], drawn["rows"].cum_sum()])  # rows of the first clusters
    for_test, for_both = (int(np.abs(upto_C - share * len(clusters)).argmin()) for share in (test, test + calibration))
    names = ["test"] * for_test + ["calibration"] * (for_both - for_test) + ["train"] * (len(drawn) - for_both)
    sides = drawn.select("cluster_id", split=pl.Series(names, dtype=pl.String))
    return clusters.join(sides, on="cluster_id", maintain_order="left").select("sample_id", "cluster_id", "split")


def _draw(cluster_id: str, seed: int) -> float:
    """A number in [0, 1) that belongs to the cluster and the seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{cluster_id}".encode()).digest()[:8]) / 2**64
