"""Splits: whole clusters go to train, calibration or test, each by its own id and the seed alone."""

import hashlib

import polars as pl


def assign(clusters: pl.DataFrame, *, calibration: float = 0.15, test: float = 0.2, seed: int = 0) -> pl.DataFrame:
    """Put every cluster on one side.

    A cluster's side depends on nothing but its id and the seed. A new row moves old ones only where it joins clusters,
    or gives one a smaller id: splits are frozen with the release, not for ever. The shares are of clusters: where a few
    of them hold most rows, shares of rows come out otherwise, and are reported, not forced.

    Args:
        clusters: `sample_id`, `cluster_id`.
        calibration: Share of clusters (0 to 1) for calibration.
        test: Share of clusters for test.
        seed: Another seed, another draw.

    Returns:
        `sample_id`, `cluster_id`, `split`.

    Raises:
        ValueError: If the shares leave nothing for training.
    """
    if calibration < 0 or test < 0 or calibration + test >= 1:
        raise ValueError(f"calibration {calibration} and test {test} leave nothing to train on")
    ids = clusters["cluster_id"].unique().sort()
    sides = pl.DataFrame(
        {"cluster_id": ids, "split": [_side(cluster_id, calibration, test, seed) for cluster_id in ids]},
        schema={"cluster_id": pl.String, "split": pl.String},
    )
    return clusters.join(sides, on="cluster_id", maintain_order="left").select("sample_id", "cluster_id", "split")


def _side(cluster_id: str, calibration: float, test: float, seed: int) -> str:
    draw = int.from_bytes(hashlib.sha256(f"{seed}:{cluster_id}".encode()).digest()[:8]) / 2**64
    return "test" if draw < test else "calibration" if draw < test + calibration else "train"
