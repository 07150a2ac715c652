"""Dawid and Skene's EM: how reliable each judge is and what is probably true, found from each other.

Axis suffixes: N samples, J judges, L labels that may be true, S labels that may be said.
"""

from typing import NamedTuple

import numpy as np

_STEPS = 2000
_CLOSE = 1e-9
_TINY = 1e-10  # a cell that was never seen is improbable, not impossible


class Estimate(NamedTuple):
    """What EM ends with."""

    posterior_NL: np.ndarray  # probability of each label; NaN for a sample without a vote
    prior_L: np.ndarray  # how common each label is
    confusion_JLS: np.ndarray  # P(the judge says S | L is true)


def dawid_skene_em(said_NJ: np.ndarray, *, labels: int) -> Estimate:
    """Maximum-likelihood estimate from votes, begun with the shares of the votes.

    Args:
        said_NJ: Index of the label that a judge gave, -1 for a gap.
        labels: Number of labels.

    Source:
        Dawid and Skene 1979, "Maximum likelihood estimation of observer error-rates using the EM algorithm".
    """
    voted_N = (said_NJ >= 0).any(axis=1)
    vote_NJS = said_NJ[voted_N, :, None] == np.arange(labels)
    posterior_NL = vote_NJS.sum(axis=1) / vote_NJS.sum(axis=(1, 2))[:, None]
    for _ in range(_STEPS):
        prior_L = posterior_NL.mean(axis=0)
        count_JLS = np.einsum("nl,njs->jls", posterior_NL, vote_NJS)
        confusion_JLS = count_JLS / np.maximum(count_JLS.sum(axis=2, keepdims=True), _TINY)
        log_NL = np.einsum("njs,jls->nl", vote_NJS, np.log(np.maximum(confusion_JLS, _TINY)))
        log_NL += np.log(np.maximum(prior_L, _TINY))
        updated_NL = np.exp(log_NL - log_NL.max(axis=1, keepdims=True))
        updated_NL /= updated_NL.sum(axis=1, keepdims=True)
        moved, posterior_NL = np.abs(updated_NL - posterior_NL).max(initial=0), updated_NL
        if moved < _CLOSE:
            break
    whole_NL = np.full((len(said_NJ), labels), np.nan)
    whole_NL[voted_N] = posterior_NL
    return Estimate(whole_NL, prior_L, confusion_JLS)
