"""What a verifier must beat: TF-IDF with logistic regression, fitted on the same rows in the same run.

Axis suffixes: N rows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import hstack
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from verifiers.calibration import fit_temperature


@dataclass(frozen=True)
class Baseline:
    """Character n-grams of prompt and reply as separate fields; they need no word boundary, so Chinese counts too."""

    fields: dict[str, TfidfVectorizer]
    model: LogisticRegression

    def logits(self, rows: pl.DataFrame) -> np.ndarray:
        """Log-odds of `unsafe` (N,)."""
        return self.model.decision_function(_features(self.fields, rows))


def fit_baseline(train: pl.DataFrame, *, seed: int = 0) -> Baseline:
    """Fit on checked rows of the train split.

    Args:
        train: Needs prompt, response and unsafe, with both classes.
        seed: Of the solver.
    """
    fields = {
        name: TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), max_features=50_000, sublinear_tf=True).fit(
            train[name].to_list()
        )
        for name in ("prompt", "response")
    }
    model = LogisticRegression(C=10.0, max_iter=1000, random_state=seed)
    return Baseline(fields, model.fit(_features(fields, train), train["unsafe"].to_numpy()))


def calibrated(logit_N: np.ndarray, unsafe_N: np.ndarray) -> float:
    """Temperature of a binary logit, by the verifier's own rule."""
    allowed_N2 = np.stack([~unsafe_N, unsafe_N], axis=1)
    return fit_temperature(np.stack([np.zeros_like(logit_N), logit_N], axis=1), allowed_N2)


def probability(logit_N: np.ndarray) -> np.ndarray:
    """P(Unsafe) of a log-odds."""
    return np.asarray(expit(logit_N))


def _features(fields: dict[str, TfidfVectorizer], rows: pl.DataFrame) -> Any:
    return hstack([vectorizer.transform(rows[name].to_list()) for name, vectorizer in fields.items()]).tocsr()
