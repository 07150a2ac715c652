"""Make a verifier's probability mean what it says, and measure how far it is from that.

Axis suffixes: N rows, L labels.
"""

import numpy as np
import polars as pl
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

BINS = 15


def bin_of(confidence_N: np.ndarray, *, low: float, bins: int = BINS) -> np.ndarray:
    """Bin of each confidence: equal widths from `low` to 1; a bin holds its lower edge, the last also 1.

    A value that differs from an edge by less than 1e-9 stands on it: 0.6 is on the edge 0.5 + 3/30, whatever the
    rounding of the division says.
    """
    return np.minimum(np.floor((confidence_N - low) / (1 - low) * bins + 1e-9).astype(int), bins - 1)


def reliability(confidence_N: np.ndarray, correct_N: np.ndarray, *, low: float = 0.5, bins: int = BINS) -> pl.DataFrame:
    """How often each confidence was right: the table behind a reliability plot and a calibration error.

    Args:
        confidence_N: Confidence of N answers, each in [low, 1].
        correct_N: Whether the answer was right, 0 or 1.
        low: Lowest confidence an answer can have: 0.5 for the more probable of two, 0 for the probability of one class.
        bins: Number of equal-width bins; see `bin_of` for the edges.

    Returns:
        One row per bin that holds any: low, high, n, confidence (mean), accuracy (share right).

    Raises:
        ValueError: If the arrays differ in length, are empty, or hold a value outside [low, 1].
    """
    if len(confidence_N) != len(correct_N) or len(confidence_N) == 0:
        raise ValueError(
            f"need as many confidences as truths, and at least one: {len(confidence_N)} and {len(correct_N)}"
        )
    if not ((confidence_N >= low) & (confidence_N <= 1)).all():
        raise ValueError(f"a confidence is outside [{low}, 1] or not a number")
    width = (1 - low) / bins
    rows = pl.DataFrame(
        {
            "bin": bin_of(confidence_N, low=low, bins=bins),
            "confidence": confidence_N.astype(float),
            "accuracy": correct_N.astype(float),
        }
    )
    table = rows.group_by("bin").agg(pl.len().alias("n"), pl.col("confidence", "accuracy").mean()).sort("bin")
    return table.select(
        (low + pl.col("bin") * width).alias("low"),
        (low + (pl.col("bin") + 1) * width).alias("high"),
        "n",
        "confidence",
        "accuracy",
    )


def expected_calibration_error(p_unsafe_N: np.ndarray, unsafe_N: np.ndarray, *, bins: int = BINS) -> float:
    """Top-label calibration error: average gap between confidence and accuracy, over equal-width bins of confidence.

    Args:
        p_unsafe_N: Probability of `unsafe` for N samples, each in [0, 1].
        unsafe_N: Truth, 0 or 1.
        bins: Number of bins between confidence 0.5 and 1; each holds its lower edge, the last also 1.

    Returns:
        ECE in [0, 1]. 0 is perfect; 1 is certain and always wrong.

    Raises:
        ValueError: If the arrays differ in length, are empty, or hold a value outside [0, 1].

    Source:
        Guo et al. 2017, arXiv 1706.04599, equation 3.
    """
    if len(p_unsafe_N) != len(unsafe_N):
        raise ValueError(f"need as many probabilities as truths: {len(p_unsafe_N)} and {len(unsafe_N)}")
    confidence_N, correct_N = top_label(np.asarray(p_unsafe_N, dtype=float), np.asarray(unsafe_N))
    table = reliability(confidence_N, correct_N, bins=bins)
    gap = (pl.col("confidence") - pl.col("accuracy")).abs() * pl.col("n") / len(p_unsafe_N)
    return float(table.select(gap.sum()).item())


def top_label(p_unsafe_N: np.ndarray, unsafe_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Confidence of the more probable reading (0.5 counts as unsafe), and whether it was right."""
    return np.maximum(p_unsafe_N, 1 - p_unsafe_N), (p_unsafe_N >= 0.5) == unsafe_N.astype(bool)


def fit_temperature(logit_NL: np.ndarray, allowed_NL: np.ndarray) -> float:
    """Temperature T > 0 that makes softmax(logits / T) most likely on held-out rows.

    Ranking within a row does not change, only confidence. Fit on rows that trained nothing. N rows that are all right
    cannot show certainty, so each counts as wrong with a share of 1 / (N + 2): else T would fall to 0.

    Args:
        logit_NL: Logits of N rows over L labels.
        allowed_NL: bool, the labels that each row's annotation leaves open; see `verifiers.data.allowed_labels`.

    Returns:
        T between e^-3 and e^3.

    Raises:
        ValueError: If there is no row, or a row leaves no label open, or none closed.

    Source:
        Guo et al. 2017, arXiv 1706.04599, section 4.2; a set of open labels counts with its summed probability. The
        share of doubt is that of Platt 1999, "Probabilistic outputs for support vector machines", section 2.2.
    """
    if len(logit_NL) == 0 or not allowed_NL.any(axis=1).all() or allowed_NL.all(axis=1).any():
        raise ValueError("a temperature needs at least one row, and an open and a closed label in every row")
    open_NL, closed_NL = np.where(allowed_NL, logit_NL, -np.inf), np.where(allowed_NL, -np.inf, logit_NL)
    doubt = 1 / (len(logit_NL) + 2)

    def negative_log_likelihood(log_t: float) -> float:
        all_N, open_N, closed_N = (logsumexp(x_NL / np.exp(log_t), axis=1) for x_NL in (logit_NL, open_NL, closed_NL))
        return float(np.mean(all_N - (1 - doubt) * open_N - doubt * closed_N))

    return float(np.exp(minimize_scalar(negative_log_likelihood, bounds=(-3, 3), method="bounded").x))
