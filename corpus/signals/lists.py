"""Unit vectors sorted into lists around centres, so that a row is compared with the lists near it instead of with all.

Axes: N vectors, D dimensions, L lists, P probes, S vectors that the centres are learnt from.
"""

from typing import NamedTuple

import numpy as np

EXACT = 20_000  # vectors up to which all are compared with all
PROBES = 16  # lists that a row looks into
BLOCK = 4096  # rows of one matrix product: bounds memory, changes no result

_ROUNDS = 8
_SAMPLE = 40  # vectors per list that its centre is learnt from


class Lists(NamedTuple):
    """Where each vector lies, and which lists it looks into, the nearest first."""

    at_N: np.ndarray
    probes_NP: np.ndarray
    number: int


def units(vectors_ND: np.ndarray) -> np.ndarray:
    """Vectors of length 1, float32; zeros where a vector has no direction (all zero, or not finite)."""
    length_N1 = np.linalg.norm(vectors_ND, axis=1, keepdims=True).astype(np.float32)
    pointing_N1 = np.isfinite(length_N1) & (length_N1 > 0)
    if pointing_N1.all() and vectors_ND.dtype == np.float32 and np.abs(length_N1 - 1).max(initial=0) < 1e-6:
        return vectors_ND  # a copy of a million would be 1.5 GB
    safe_ND = np.where(pointing_N1, vectors_ND, 0).astype(np.float32)
    return safe_ND / np.where(pointing_N1, length_N1, 1)


def centres(unit_ND: np.ndarray, count: int) -> np.ndarray:
    """Centres of spherical k-means, learnt from a sample; the same ones every time.

    Args:
        unit_ND: Unit vectors.
        count: How many, at most one for each vector.

    Returns:
        Unit vectors (count, D).

    Source:
        Dhillon, Modha 2001, Concept decompositions for large sparse text data using clustering.
    """
    count = min(count, len(unit_ND))
    rng = np.random.default_rng(0)
    sample_SD = unit_ND[np.sort(rng.permutation(len(unit_ND))[: _SAMPLE * count])]
    centre_LD = sample_SD[np.sort(rng.permutation(len(sample_SD))[:count])].copy()
    for _ in range(_ROUNDS):
        at_S = nearest_centres(sample_SD, centre_LD, 1)[:, 0]
        order_S = np.argsort(at_S, kind="stable")
        used, start = np.unique(at_S[order_S], return_index=True)
        if len(used):  # a centre that nobody is near stays where it is
            centre_LD[used] = units(np.add.reduceat(sample_SD[order_S], start, axis=0))
    return centre_LD


def nearest_centres(unit_ND: np.ndarray, centre_LD: np.ndarray, probes: int) -> np.ndarray:
    """The nearest centres of each vector, the nearest first: (N, probes) or as many as there are centres."""
    found = []
    for start in range(0, len(unit_ND), BLOCK):
        far_NL = -(unit_ND[start : start + BLOCK] @ centre_LD.T)
        near_NP = np.argpartition(far_NL, min(probes, len(centre_LD)) - 1, axis=1)[:, :probes]
        order_NP = np.argsort(np.take_along_axis(far_NL, near_NP, axis=1), axis=1, kind="stable")
        found.append(np.take_along_axis(near_NP, order_NP, axis=1))
    return np.concatenate(found) if found else np.zeros((0, min(probes, len(centre_LD))), np.int64)


def sort_into_lists(unit_ND: np.ndarray, *, exact: bool) -> Lists:
    """As many lists as the square root of the vectors; one list of all where they are few, or where `exact` asks so."""
    if exact or len(unit_ND) <= EXACT:
        zero_N1 = np.zeros((len(unit_ND), 1), np.int64)
        return Lists(zero_N1[:, 0], zero_N1, 1)
    centre_LD = centres(unit_ND, round(len(unit_ND) ** 0.5))
    probes_NP = nearest_centres(unit_ND, centre_LD, PROBES)
    return Lists(probes_NP[:, 0], probes_NP, len(centre_LD))


def by_list(values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions in order of their list, and where each of `count` lists begins and the last ends: (count + 1,)."""
    order = np.argsort(values, kind="stable")
    return order, np.searchsorted(values[order], np.arange(count + 1))
