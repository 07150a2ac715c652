"""Calibrate a fine-tuned encoder and measure it beside its baseline.

Axis suffixes: N rows, L labels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.special import softmax

from catalog.labels import UNSAFE_INDEX
from verifiers.baseline import calibrated, fit_baseline, probability
from verifiers.calibration import fit_temperature, reliability, top_label
from verifiers.checkpoint import fold_temperature
from verifiers.data import allowed_labels
from verifiers.encoder import Verifier
from verifiers.evaluate import Answers, measure
from verifiers.metrics import threshold_at_fpr

FALSE_POSITIVE_RATES = (0.01, 0.05)
HELD_OUT = ("calibration", "test")


@dataclass(frozen=True)
class Assessment:
    """What is known of a verifier after its training."""

    temperature: float
    thresholds: list[dict[str, Any]]
    metrics: pl.DataFrame
    reliability: pl.DataFrame


def assess(verifier: Verifier, rows: pl.DataFrame, *, seed: int = 0) -> Assessment:
    """Fit the temperature on the calibration split, fold it into the weights, and measure on the held-out splits.

    The baseline learns from the same train rows, gets its temperature by the same rule and is measured on the rows
    that the verifier scored.

    Args:
        verifier: Its last layer is changed in place.
        rows: Checked rows of all splits.
        seed: Of the baseline and the bootstrap.

    Raises:
        ValueError: If the verifier scored no calibration row.
    """
    held = rows.filter(pl.col("split") != "train")
    said = verifier.predict(held["prompt"].to_list(), held["response"].to_list())
    scored_N = ~said.abstained_N
    fitting_N = scored_N & (held["split"] == "calibration").to_numpy()
    if not fitting_N.any():
        raise ValueError(
            f"none of the calibration rows fits into {verifier.max_tokens} tokens: raise `max_tokens` or add rows"
        )
    unsafe_N = held["unsafe"].to_numpy()
    temperature = fit_temperature(said.logit_NL[fitting_N], allowed_labels(held)[fitting_N])
    verifier_answers = Answers(
        "verifier",
        softmax(said.logit_NL / temperature, axis=1)[:, UNSAFE_INDEX],
        softmax(said.logit_NL, axis=1)[:, UNSAFE_INDEX],
        np.where(scored_N, np.nan_to_num(said.logit_NL).argmax(axis=1), -1),
        said.unknown_N,
    )
    logit_N = fit_baseline(rows.filter(pl.col("split") == "train"), seed=seed).logits(held)
    baseline_temperature = calibrated(logit_N[fitting_N], unsafe_N[fitting_N])
    baseline_answers = Answers("baseline", probability(logit_N / baseline_temperature), probability(logit_N))
    fold_temperature(verifier.model.classifier, temperature)
    metrics, tables = [], []
    for split in HELD_OUT:
        of_split = held["split"] == split
        mask_N = of_split.to_numpy()
        here = [_at(answers, mask_N) for answers in (verifier_answers, baseline_answers)]
        metrics.append(measure(held.filter(of_split), *here, split=split, seed=seed))
        tables += [
            _reliability(p_N[mask_N & scored_N], unsafe_N[mask_N & scored_N], split, when)
            for when, p_N in (("before", verifier_answers.p_before_N), ("after", verifier_answers.p_unsafe_N))
            if (mask_N & scored_N).any()
        ]
    thresholds = _thresholds(verifier_answers.p_unsafe_N[fitting_N], unsafe_N[fitting_N])
    return Assessment(temperature, thresholds, pl.concat(metrics), pl.concat(tables))


def _at(answers: Answers, mask_N: np.ndarray) -> Answers:
    """The answers to some of the rows."""
    parts = (answers.p_unsafe_N, answers.p_before_N, answers.label_N, answers.unknown_N)
    return Answers(answers.model, *(None if part is None else part[mask_N] for part in parts))  # type: ignore[arg-type]


def _reliability(p_N: np.ndarray, unsafe_N: np.ndarray, split: str, when: str) -> pl.DataFrame:
    table = reliability(*top_label(p_N, unsafe_N))
    return table.select(pl.lit(split).alias("split"), pl.lit(when).alias("temperature"), pl.all())


def _thresholds(p_N: np.ndarray, unsafe_N: np.ndarray) -> list[dict[str, Any]]:
    """Thresholds on P(Unsafe) at stated false-positive rates, with what they catch on the same rows."""
    found = []
    for rate in FALSE_POSITIVE_RATES:
        threshold = threshold_at_fpr(p_N[~unsafe_N], rate)
        recall = None if threshold is None or not unsafe_N.any() else float((p_N[unsafe_N] >= threshold).mean())
        found.append(
            {"false_positive_rate": rate, "threshold": threshold, "recall": recall, "safe_rows": int((~unsafe_N).sum())}
        )
    return found
