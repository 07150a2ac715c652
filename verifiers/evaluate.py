"""Measure a verifier and its baseline on the same rows: one long table, with an interval beside every figure.

Figures are over the rows that the verifier scored; how many it did not is a line of its own. An interval resamples
whole clusters, for rows of one cluster are not independent.

Axis suffixes: N rows, W weightings, K metrics.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from catalog.labels import SAFETY
from verifiers.metrics import binary_metrics, bootstrap_weights, calibration_error, label_metrics

RESAMPLES = 1000
CELLS = 4_000_000  # weights held at once: about 30 MB an array

TABLE = {
    "model": pl.String,
    "split": pl.String,
    "slice": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n": pl.Int64,
    "positives": pl.Int64,
}


@dataclass(frozen=True)
class Answers:
    """What one model says of N rows; NaN where it did not score."""

    model: str
    p_unsafe_N: np.ndarray
    p_before_N: np.ndarray  # before the temperature
    label_N: np.ndarray | None = None  # index of the six-way label, -1 where not scored; None for a binary model
    unknown_N: np.ndarray | None = None  # share of tokens that the vocabulary does not know


def measure(rows: pl.DataFrame, verifier: Answers, baseline: Answers, *, split: str, seed: int = 0) -> pl.DataFrame:
    """Every metric of both models in every slice of a split.

    Args:
        rows: Checked rows of the split (see `verifiers.data`).
        verifier: Its answers; the baseline is measured on the rows that it scored.
        baseline: Answers to the same rows.
        split: Name for the table.
        seed: Of the bootstrap.

    Returns:
        The columns of `TABLE`. A figure that a slice cannot have is null; `n` and `positives` are always there.
    """
    table: list[tuple[object, ...]] = []
    scored_N = ~np.isnan(verifier.p_unsafe_N)
    unsafe_N = rows["unsafe"].to_numpy()
    for name, mask_N in slices(rows):
        table += [
            ("verifier", split, name, metric, value, None, None, int(mask_N.sum()), int(unsafe_N[mask_N].sum()))
            for metric, value in {
                "coverage": float(scored_N[mask_N].mean()),
                "not_scored": float((~scored_N[mask_N]).sum()),
                "unknown_tokens": None if verifier.unknown_N is None else float(verifier.unknown_N[mask_N].mean()),
            }.items()
        ]
        for (model, metric), (value, low, high, n, positives) in _slice(
            rows, mask_N & scored_N, verifier, baseline, seed
        ).items():
            table.append((model, split, name, metric, value, low, high, n, positives))
    return pl.DataFrame(table, schema=TABLE, orient="row")


def slices(rows: pl.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """Name and mask of each slice: all rows, and each value of each field that has more than one."""
    if rows.is_empty():
        return
    yield "all", np.ones(rows.height, dtype=bool)
    kinds = rows.with_columns(
        origin=pl.when(pl.col("source") == "synth").then(pl.lit("synth")).otherwise(pl.lit("original"))
    )
    for field in ("language", "modality", "origin", "source", "category"):
        for value in sorted(kinds[field].drop_nulls().unique().to_list()):
            yield f"{field}={value}", kinds.select((pl.col(field) == value).fill_null(False)).to_series().to_numpy()


Figure = tuple[float | None, float | None, float | None, int, int]


def _slice(
    rows: pl.DataFrame, mask_N: np.ndarray, verifier: Answers, baseline: Answers, seed: int
) -> dict[tuple[str, str], Figure]:
    rows, unsafe_N = rows.filter(mask_N), rows["unsafe"].to_numpy()[mask_N]
    cluster_N = rows["cluster_id"].to_numpy()
    length_N = rows["response"].str.len_chars().to_numpy().astype(float)

    def binary(weight_WN: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
        found: dict[tuple[str, str], np.ndarray] = {}
        for answers in (verifier, baseline):
            p_N = answers.p_unsafe_N[mask_N]
            found |= {(answers.model, k): v for k, v in binary_metrics(p_N, unsafe_N, weight_WN).items()}
            found[answers.model, "ece_before"] = calibration_error(answers.p_before_N[mask_N], unsafe_N, weight_WN)
            found[answers.model, "ece_after"] = calibration_error(p_N, unsafe_N, weight_WN)
        found["verifier", "auroc_difference"] = found["verifier", "auroc"] - found["baseline", "auroc"]
        found["length", "auroc"] = binary_metrics(length_N, unsafe_N, weight_WN)["auroc"]
        return found

    figures = _figures(binary, cluster_N, unsafe_N, seed)
    truth_N = np.array([-1 if label is None else SAFETY.index(label) for label in rows["label"]], dtype=int)
    known_N = truth_N >= 0
    if verifier.label_N is not None and known_N.any():
        said_N = verifier.label_N[mask_N][known_N]

        def six_way(weight_WN: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
            metrics = label_metrics(said_N, truth_N[known_N], weight_WN, labels=len(SAFETY))
            return {("verifier", name): value_W for name, value_W in metrics.items()}

        figures |= _figures(six_way, cluster_N[known_N], unsafe_N[known_N], seed)
    return figures


def _figures(
    metrics: Callable[[np.ndarray], dict[tuple[str, str], np.ndarray]],
    cluster_N: np.ndarray,
    unsafe_N: np.ndarray,
    seed: int,
) -> dict[tuple[str, str], Figure]:
    """Value and 95% interval of each metric; the paired models see the same resamples."""
    n, positives = len(unsafe_N), int(unsafe_N.sum())
    clusters = len(np.unique(cluster_N))
    weight_WN = bootstrap_weights(cluster_N, resamples=RESAMPLES, seed=seed) if clusters > 1 else np.ones((1, n))
    parts = [metrics(part_WN) for part_WN in np.array_split(weight_WN, 1 + weight_WN.size // CELLS)]
    values = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    return {key: (_number(value_W[0]), *_interval(value_W[1:]), n, positives) for key, value_W in values.items()}


def _interval(value_W: np.ndarray) -> tuple[float | None, float | None]:
    """2.5% and 97.5% points; None where there is one cluster alone or most resamples cannot have the figure."""
    known = value_W[~np.isnan(value_W)]
    if len(known) <= len(value_W) / 2:
        return None, None
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
