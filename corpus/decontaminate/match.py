"""The compiled search: which items of an exam stand in a text, how much of each, and where.

Runs of n tokens propose items, and every proposed item is measured in a window that slides over the text.

Axes: D texts, T tokens, G distinct runs, P postings, I items, S runs of an item in order, K its tokens, H hits.
"""

from typing import NamedTuple

import numba
import numpy as np

from corpus.decontaminate.hashing import run_hash

EMPTY = -1


class Table(NamedTuple):
    """Items of exams that share a key and a length of runs, as arrays that a compiled search reads.

    `slot_hash` and `slot_run` are an open hash table from the hash of a run to its number; `posting` lists the items
    that a run proposes. Item i has the runs `run[first[i] : first[i + 1]]` in order, `sorted_run` and `sorted_place`
    the same in order of their number, and `weight` one number for each of its tokens, which begin at
    `first[i] + i * (n - 1)`.
    """

    slot_hash: np.ndarray
    slot_run: np.ndarray
    posting_first: np.ndarray
    posting: np.ndarray
    first: np.ndarray
    run: np.ndarray
    sorted_run: np.ndarray
    sorted_place: np.ndarray
    weight: np.ndarray
    needed: np.ndarray
    least: np.ndarray  # share of each item at which a text holds it; above 1, only the whole of it does


@numba.njit(cache=True, nogil=True)
def slots(hash_G):  # type: ignore[no-untyped-def]
    """An open hash table of the numbers of distinct hashes, at most a quarter full."""
    size = 8
    while size < 4 * len(hash_G):
        size *= 2
    slot_hash, slot_run = np.zeros(size, np.uint64), np.full(size, EMPTY, np.int32)
    for number in range(len(hash_G)):
        at = hash_G[number] & np.uint64(size - 1)
        while slot_run[at] != EMPTY:
            at = (at + np.uint64(1)) & np.uint64(size - 1)
        slot_hash[at], slot_run[at] = hash_G[number], number
    return slot_hash, slot_run


@numba.njit(cache=True, nogil=True)
def _number(value, slot_hash, slot_run):  # type: ignore[no-untyped-def]
    at = value & np.uint64(len(slot_hash) - 1)
    while slot_run[at] != EMPTY:
        if slot_hash[at] == value:
            return slot_run[at]
        at = (at + np.uint64(1)) & np.uint64(len(slot_hash) - 1)
    return EMPTY


@numba.njit(cache=True, nogil=True)
def _verbatim(run_T, runs, run_S):  # type: ignore[no-untyped-def]
    """Where the whole item begins in the text, or `EMPTY`."""
    for at in range(runs - len(run_S) + 1):
        if run_T[at] == run_S[0]:
            same = 1
            while same < len(run_S) and run_T[at + same] == run_S[same]:
                same += 1
            if same == len(run_S):
                return at
    return EMPTY


@numba.njit(cache=True, nogil=True)
def _turn(by, at, n, low, high, place_S, weight_K, cover_K, cover_T, sums):  # type: ignore[no-untyped-def]
    """Take the run at a place of the text into the window (by 1) or out of it (by -1); `sums` follows.

    `sums` counts the item's tokens that are covered, their weight, and the covered tokens of the text.
    """
    edge = 0 if by > 0 else 1
    for one in range(low, high):
        for k in range(place_S[one], place_S[one] + n):
            if cover_K[k] == edge:
                sums[0] += by
                sums[1] += by * weight_K[k]
            cover_K[k] += by
    for t in range(at, at + n):
        if cover_T[t] == edge:
            sums[2] += by
        cover_T[t] += by


@numba.njit(cache=True, nogil=True)
def _share(sums, tokens, weight, own):  # type: ignore[no-untyped-def]
    """Share of the item's tokens that the text has in its window; 0 where too little of it is the item's own."""
    return min(sums[0], sums[2]) / tokens if sums[1] >= own * weight else 0.0


@numba.njit(cache=True, nogil=True)
def _best(run_T, runs, n, sorted_S, place_S, weight_K, own, low_T, high_T, cover_K, cover_T):  # type: ignore[no-untyped-def]
    """Largest share of an item in any window of one and a half times its length; first and last run of the window."""
    tokens, weight = len(weight_K), weight_K.sum()
    window = tokens + tokens // 2 - n
    sums = np.zeros(3, np.int64)
    best, left, right, start = 0.0, 0, -1, 0
    for at in range(runs):
        low_T[at] = high_T[at] = 0
        if run_T[at] != EMPTY:
            low_T[at] = np.searchsorted(sorted_S, run_T[at])
            high_T[at] = low_T[at]
            while high_T[at] < len(sorted_S) and sorted_S[high_T[at]] == run_T[at]:
                high_T[at] += 1
        if high_T[at] == low_T[at]:
            continue
        while start < at - window:
            if high_T[start] > low_T[start]:
                _turn(-1, start, n, low_T[start], high_T[start], place_S, weight_K, cover_K, cover_T, sums)
            start += 1
        _turn(1, at, n, low_T[at], high_T[at], place_S, weight_K, cover_K, cover_T, sums)
        share = _share(sums, tokens, weight, own)
        if share > best:
            best, left, right = share, start, at
    cover_K[:tokens] = 0
    cover_T[: runs + n - 1] = 0
    # What stands before the item by chance is left out as long as that costs nothing.
    sums[:] = 0
    for at in range(left, right + 1):
        if high_T[at] > low_T[at]:
            _turn(1, at, n, low_T[at], high_T[at], place_S, weight_K, cover_K, cover_T, sums)
    for at in range(left, right + 1):
        if high_T[at] > low_T[at]:
            _turn(-1, at, n, low_T[at], high_T[at], place_S, weight_K, cover_K, cover_T, sums)
            if _share(sums, tokens, weight, own) < best:
                break
            left = at + 1
        else:
            left = at + 1
    cover_K[:tokens] = 0
    cover_T[: runs + n - 1] = 0
    return best, left, right


@numba.njit(cache=True, nogil=True)
def search(hash_T, first_D, n, key0, key1, table, own):  # type: ignore[no-untyped-def]
    """Hits of a table's items in texts: text, item, share, first token, one past the last, and whether it is whole."""
    items = len(table.first) - 1
    longest = 0
    for text in range(len(first_D) - 1):
        longest = max(longest, first_D[text + 1] - first_D[text])
    tokens = 0
    for item in range(items):
        tokens = max(tokens, table.first[item + 1] - table.first[item] + n - 1)
    count_I, met = np.zeros(items, np.int32), np.empty(items, np.int32)
    run_T, cover_T = np.empty(longest + 1, np.int32), np.zeros(longest + 1, np.int32)
    low_T, high_T = np.empty(longest + 1, np.int64), np.empty(longest + 1, np.int64)
    cover_K = np.zeros(tokens, np.int32)
    found, hits = np.empty((64, 5), np.int64), 0
    share_H = np.empty(64)
    for text in range(len(first_D) - 1):
        runs = first_D[text + 1] - first_D[text] - n + 1
        proposed = 0
        for at in range(runs):
            value = run_hash(hash_T, first_D[text] + at, n, key0, key1)
            run_T[at] = _number(value, table.slot_hash, table.slot_run)
            if run_T[at] != EMPTY:
                for one in range(table.posting_first[run_T[at]], table.posting_first[run_T[at] + 1]):
                    item = table.posting[one]
                    if count_I[item] == 0:
                        met[proposed] = item
                        proposed += 1
                    count_I[item] += 1
        for number in range(proposed):
            item = met[number]
            enough = count_I[item] >= table.needed[item]
            count_I[item] = 0
            if not enough:
                continue
            low, high = table.first[item], table.first[item + 1]
            share, left = 1.0, _verbatim(run_T, runs, table.run[low:high])
            whole, right = left != EMPTY, left + high - low - 1
            if not whole:
                if table.least[item] > 1:
                    continue
                weight_K = table.weight[low + item * (n - 1) : high + (item + 1) * (n - 1)]
                sorted_S, place_S = table.sorted_run[low:high], table.sorted_place[low:high]
                share, left, right = _best(
                    run_T, runs, n, sorted_S, place_S, weight_K, own, low_T, high_T, cover_K, cover_T
                )
                if right < 0 or share < table.least[item]:
                    continue
            if hits == len(found):
                found = np.concatenate((found, np.empty_like(found)))
                share_H = np.concatenate((share_H, np.empty_like(share_H)))
            found[hits, 0], found[hits, 1], found[hits, 4] = text, item, whole
            found[hits, 2], found[hits, 3] = first_D[text] + left, first_D[text] + right + n
            share_H[hits] = share
            hits += 1
    return found[:hits], share_H[:hits]
