"""The nearest rows of each row by cosine similarity of embeddings.

Axes: N rows, D dimensions, K neighbours, M candidates.
"""

from typing import NamedTuple

import numpy as np

from corpus.signals.lists import BLOCK, by_list, sort_into_lists, units

NEIGHBOURS = 20


class Nearest(NamedTuple):
    """The nearest rows of each row, the nearest first.

    `at_NK` is their position, -1 where there are fewer than K; `cosine_NK` is nan there.
    """

    at_NK: np.ndarray
    cosine_NK: np.ndarray


def nearest(vectors_ND: np.ndarray, *, k: int = NEIGHBOURS, exact: bool = False) -> Nearest:
    """The k nearest other rows of each row.

    Up to 20,000 rows are compared all with all; of more, a row is compared with those in the 16 lists around learnt
    centres that are nearest to it, so that a neighbour may be missed; `exact` compares all.

    Args:
        vectors_ND: One vector per row, of any length above 0. One without a direction has no neighbour and is none.
        k: Neighbours, 1 or more.
        exact: Miss none, however many rows there are.
    """
    unit_ND = units(vectors_ND)
    pointing_N: np.ndarray = np.any(unit_ND, axis=1)
    lists = sort_into_lists(unit_ND, exact=exact)
    best = Nearest(np.full((len(unit_ND), k), -1), np.full((len(unit_ND), k), -np.inf, np.float32))
    order_N, from_N = by_list(lists.at_N, lists.number)
    order_A, from_A = by_list(lists.probes_NP.ravel(), lists.number)
    for one in range(lists.number):
        there = order_N[from_N[one] : from_N[one + 1]]
        there = there[pointing_N[there]]
        asking = order_A[from_A[one] : from_A[one + 1]] // lists.probes_NP.shape[1]
        asking = asking[pointing_N[asking]]
        for start in range(0, len(asking), BLOCK):
            for begin in range(0, len(there), BLOCK):
                _meet(unit_ND, asking[start : start + BLOCK], there[begin : begin + BLOCK], best)
    alone_NK = best.at_NK < 0
    return Nearest(best.at_NK, np.where(alone_NK, np.nan, np.clip(best.cosine_NK, -1, 1)).astype(np.float64))


def _meet(unit_ND: np.ndarray, asking: np.ndarray, there: np.ndarray, best: Nearest) -> None:
    """Keep the k best of those that each asking row has and of those it meets."""
    k = best.at_NK.shape[1]
    cosine_NM = unit_ND[asking] @ unit_ND[there].T
    cosine_NM[asking[:, None] == there] = -np.inf  # itself
    if len(there) > k:
        top_NK = np.argpartition(-cosine_NM, k - 1, axis=1)[:, :k]
        cosine_NM, met_NK = np.take_along_axis(cosine_NM, top_NK, axis=1), there[top_NK]
    else:
        met_NK = np.broadcast_to(there, cosine_NM.shape)
    met_NK = np.where(np.isfinite(cosine_NM), met_NK, -1)
    at = np.concatenate([best.at_NK[asking], met_NK], axis=1)
    cosine = np.concatenate([best.cosine_NK[asking], cosine_NM], axis=1)
    order = np.argsort(-cosine, axis=1, kind="stable")[:, :k]
    best.at_NK[asking] = np.take_along_axis(at, order, axis=1)
    best.cosine_NK[asking] = np.take_along_axis(cosine, order, axis=1)
