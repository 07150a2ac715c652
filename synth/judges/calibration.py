"""A judge's probabilities brought in line with people: two numbers, fitted on their labels."""

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from synth.judges.judgement import TASKS, Judgement

_EDGE = 1e-6  # a probability of 0 or 1 has no log-odds: it counts as this far from the end
_STEPS = 100
_CLOSE = 1e-9
_PULL = 1e-3  # a faint pull towards (1, 0): rows that can be told apart for certain would drive the slope to infinity


class Calibration(BaseModel):
    """Log-odds are multiplied by `slope` and moved by `shift`. 1 / `slope` is what is called a temperature.

    Args:
        judge: The judge it was fitted for.
        slope: Below 1 makes it less sure. At or below 0 its probabilities tell nothing, or the opposite.
        shift: Above 0 makes the marked label more probable.
        rows: Labelled samples it was fitted on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    judge: str
    slope: float
    shift: float
    rows: int

    def apply(self, p: float | None) -> float | None:
        """The calibrated probability; none stays none."""
        if p is None:
            return None
        return float(np.exp(-np.logaddexp(0, -self.slope * _log_odds(np.array(p)) - self.shift)))


def calibrate(judgements: Sequence[Judgement], truth: Mapping[str, str]) -> Calibration:
    """Fit slope and shift of one judge by maximum likelihood on samples that people labelled.

    Raises:
        ValueError: If the judgements are of several judges, or of fewer than two samples of either kind with a
            probability.

    Source:
        Platt 1999, "Probabilistic outputs for support vector machines": logistic regression on one score, targets kept
        off 0 and 1 by the number of rows.
    """
    judges = sorted({one.judge for one in judgements})
    if len(judges) != 1:
        raise ValueError(f"one judge is calibrated at a time, these are {len(judges)}: {', '.join(judges)}")
    pairs = [
        (one.p, truth[one.sample_id] == TASKS[one.task].marked)
        for one in judgements
        if one.p is not None and one.sample_id in truth
    ]
    p_N, marked_N = np.array([p for p, _ in pairs]), np.array([is_marked for _, is_marked in pairs])
    marked = int(marked_N.sum())
    rest = len(pairs) - marked
    if min(marked, rest) < 2:
        raise ValueError(
            f"{judges[0]} has probabilities for {marked} samples of the marked label and {rest} of the others among "
            "those that people labelled; calibration needs two of each: label more"
        )
    target_N = np.where(marked_N, (marked + 1) / (marked + 2), 1 / (rest + 2))
    x_ND = np.stack([_log_odds(p_N), np.ones(len(pairs))], axis=1)
    w = _fit(x_ND, target_N)
    return Calibration(judge=judges[0], slope=float(w[0]), shift=float(w[1]), rows=len(pairs))


def _fit(x_ND: np.ndarray, target_N: np.ndarray) -> np.ndarray:
    """Logistic regression by Newton's method; a step that overshoots is halved."""
    plain_D = np.array([1.0, 0.0])

    def loss(w_D: np.ndarray) -> float:
        logit_N = x_ND @ w_D
        return float((np.logaddexp(0, logit_N) - target_N * logit_N).sum() + _PULL / 2 * ((w_D - plain_D) ** 2).sum())

    w_D = plain_D
    for _ in range(_STEPS):
        fitted_N = np.exp(-np.logaddexp(0, -x_ND @ w_D))
        slope_D = x_ND.T @ (fitted_N - target_N) + _PULL * (w_D - plain_D)
        curve_DD = (x_ND * (fitted_N * (1 - fitted_N))[:, None]).T @ x_ND + _PULL * np.eye(2)
        step_D = np.linalg.solve(curve_DD, slope_D)
        while loss(w_D - step_D) > loss(w_D) and np.abs(step_D).max() > _CLOSE:
            step_D = step_D / 2
        w_D = w_D - step_D
        if np.abs(step_D).max() <= _CLOSE:
            break
    return w_D


def _log_odds(p: np.ndarray) -> np.ndarray:
    inside = np.clip(p, _EDGE, 1 - _EDGE)
    return np.log(inside / (1 - inside))
