"""What a compiled search looks up: the runs of all items, by their hash and item by item.

Axes: G distinct runs, P postings, I items, S runs without a hole of an item in order, R all its runs, K its tokens.
"""

from typing import NamedTuple

import numba
import numpy as np

EMPTY = -1


class Slots(NamedTuple):
    """An open hash table from the hash of a run to its number."""

    hash: np.ndarray
    number: np.ndarray


class Table(NamedTuple):
    """Items of exams that share a key and a length of runs, as arrays that a compiled search reads.

    `solid` has the runs without a hole, which every text is held against, so it is small; `every` has all of them.
    `posting` lists the items that a run proposes. Item i has the runs `run[first[i] : first[i + 1]]` in order; from
    `first_run[i]` on all its runs, by their number, with the place of their first token and their hole; and `weight`
    has one number for each of its tokens, which begin at `first[i] + i * (n - 1)`.
    """

    solid: Slots
    every: Slots
    posting_first: np.ndarray
    posting: np.ndarray
    first: np.ndarray
    run: np.ndarray
    first_run: np.ndarray
    sorted_run: np.ndarray
    sorted_place: np.ndarray
    sorted_hole: np.ndarray
    weight: np.ndarray
    needed: np.ndarray  # runs of its own that propose it
    fewest: np.ndarray  # runs without a hole at which it is measured
    least: np.ndarray  # share of each item at which a text holds it; above 1, only the whole of it does


def slots(hash_G: np.ndarray, number_G: np.ndarray) -> Slots:
    """Slots of the numbers of distinct hashes, at most a quarter of them taken."""
    return Slots(*_slots(hash_G, number_G.astype(np.int32)))


@numba.njit(cache=True, nogil=True)
def _slots(hash_G, number_G):  # type: ignore[no-untyped-def]
    size = 8
    while size < 4 * len(hash_G):
        size *= 2
    hash, number = np.zeros(size, np.uint64), np.full(size, EMPTY, np.int32)
    for one in range(len(hash_G)):
        at = hash_G[one] & np.uint64(size - 1)
        while number[at] != EMPTY:
            at = (at + np.uint64(1)) & np.uint64(size - 1)
        hash[at], number[at] = hash_G[one], number_G[one]
    return hash, number


@numba.njit(cache=True, nogil=True)
def number(value, slots):  # type: ignore[no-untyped-def]
    """Number of a hash, or `EMPTY`."""
    at = value & np.uint64(len(slots.hash) - 1)
    while slots.number[at] != EMPTY:
        if slots.hash[at] == value:
            return slots.number[at]
        at = (at + np.uint64(1)) & np.uint64(len(slots.hash) - 1)
    return EMPTY
