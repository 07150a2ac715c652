"""Metrics of a binary and of a six-way reading, each for many weightings of the rows at once.

A bootstrap resample of clusters is a weighting: how often each row was drawn. So one formula gives the figure (all
weights 1) and its interval. A figure that a weighting cannot have is NaN, never 0.

Axis suffixes: N rows, W weightings, U distinct scores from high to low, L labels, B bins, K clusters.
"""

import numpy as np

from verifiers.calibration import BINS, bin_of, top_label


def bootstrap_weights(cluster_N: np.ndarray, *, resamples: int, seed: int) -> np.ndarray:
    """Weight 1 for every row, then one weighting per resample of whole clusters with replacement.

    Args:
        cluster_N: Cluster of each row, any type.
        resamples: Number of resamples.
        seed: The same seed draws the same clusters.

    Returns:
        float (1 + resamples, N): how often each row counts.
    """
    clusters, place_N = np.unique(cluster_N, return_inverse=True)
    drawn_WK = np.random.default_rng(seed).multinomial(
        len(clusters), np.full(len(clusters), 1 / len(clusters)), size=resamples
    )
    return np.vstack([np.ones(len(cluster_N)), drawn_WK[:, place_N]])


def binary_metrics(p_unsafe_N: np.ndarray, unsafe_N: np.ndarray, weight_WN: np.ndarray) -> dict[str, np.ndarray]:
    """F1, precision and recall at 0.5, AUROC, AUPRC (average precision) of `unsafe`, Brier score: each (W,).

    Source:
        AUROC as the share of (unsafe, safe) pairs in the right order, ties half: Hanley and McNeil 1982. Average
        precision as the sum of precision over the steps of recall, equal scores in one step.
    """
    flagged_N, unsafe_N = p_unsafe_N >= 0.5, unsafe_N.astype(bool)
    hit_W, flagged_W, unsafe_W = (weight_WN @ mask_N for mask_N in (flagged_N & unsafe_N, flagged_N, unsafe_N))
    total_W = weight_WN.sum(axis=1)
    one_class_W = (unsafe_W == 0) | (unsafe_W == total_W)
    unsafe_WU, safe_WU = _by_score(p_unsafe_N, weight_WN * unsafe_N), _by_score(p_unsafe_N, weight_WN * ~unsafe_N)
    seen_WU, lower_WU = unsafe_WU.cumsum(axis=1), (total_W - unsafe_W)[:, None] - safe_WU.cumsum(axis=1)
    precision_WU = _ratio(seen_WU, seen_WU + safe_WU.cumsum(axis=1), otherwise=0.0)
    ranked = {
        "f1": _ratio(2 * hit_W, flagged_W + unsafe_W),
        "precision": _ratio(hit_W, flagged_W),
        "recall": _ratio(hit_W, unsafe_W),
        "auroc": _ratio((unsafe_WU * (lower_WU + safe_WU / 2)).sum(axis=1), unsafe_W * (total_W - unsafe_W)),
        "auprc": _ratio((unsafe_WU * precision_WU).sum(axis=1), unsafe_W),
    }
    metrics = {name: np.where(one_class_W, np.nan, value_W) for name, value_W in ranked.items()}
    return metrics | {"brier": _ratio(weight_WN @ (p_unsafe_N - unsafe_N) ** 2, total_W)}


def calibration_error(p_unsafe_N: np.ndarray, unsafe_N: np.ndarray, weight_WN: np.ndarray) -> np.ndarray:
    """Top-label calibration error (W,): `verifiers.calibration.expected_calibration_error` for each weighting."""
    confidence_N, correct_N = top_label(p_unsafe_N, unsafe_N)
    in_bin_NB = bin_of(confidence_N, low=0.5)[:, None] == np.arange(BINS)
    gap_WB = weight_WN @ (in_bin_NB * (confidence_N - correct_N)[:, None])
    return _ratio(np.abs(gap_WB).sum(axis=1), weight_WN.sum(axis=1))


def label_metrics(
    said_N: np.ndarray, truth_N: np.ndarray, weight_WN: np.ndarray, *, labels: int
) -> dict[str, np.ndarray]:
    """Accuracy and macro F1 over the labels that occur in the truth: each (W,).

    Args:
        said_N: Index of the label that was given.
        truth_N: Index of the right label.
        weight_WN: See `bootstrap_weights`.
        labels: Number of labels.
    """
    said_NL, truth_NL = (index_N[:, None] == np.arange(labels) for index_N in (said_N, truth_N))
    hit_WL, said_WL, truth_WL = (weight_WN @ mask_NL for mask_NL in (said_NL & truth_NL, said_NL, truth_NL))
    f1_WL = np.where(truth_WL > 0, _ratio(2 * hit_WL, said_WL + truth_WL), 0.0)
    return {
        "accuracy": _ratio(hit_WL.sum(axis=1), weight_WN.sum(axis=1)),
        "macro_f1": _ratio(f1_WL.sum(axis=1), (truth_WL > 0).sum(axis=1)),
    }


def threshold_at_fpr(p_safe_N: np.ndarray, rate: float) -> float | None:
    """Lowest threshold at which at most a share `rate` of safe rows is flagged (p >= threshold).

    Args:
        p_safe_N: P(Unsafe) of rows that are safe.
        rate: Largest false-positive rate, above 0 and below 1.

    Returns:
        The threshold; None where fewer than 1 / rate safe rows were measured, or too many of them stand at 1.
    """
    allowed = int(rate * len(p_safe_N) + 1e-9)
    if allowed < 1:
        return None
    highest_refused = np.sort(p_safe_N)[::-1][allowed]
    return None if highest_refused >= 1 else float(np.nextafter(highest_refused, 1))


def _by_score(score_N: np.ndarray, weight_WN: np.ndarray) -> np.ndarray:
    """Sum of the weights at each distinct score, from the highest down: (W, U)."""
    if len(score_N) == 0:
        return weight_WN
    order_N = np.argsort(-score_N, kind="stable")
    sorted_N = score_N[order_N]
    first = np.flatnonzero(np.concatenate([[True], sorted_N[1:] != sorted_N[:-1]]))
    return np.add.reduceat(weight_WN[:, order_N], first, axis=1)


def _ratio(top: np.ndarray, bottom: np.ndarray, *, otherwise: float = np.nan) -> np.ndarray:
    return np.divide(top, bottom, out=np.full(np.shape(top), otherwise), where=np.asarray(bottom) > 0)
