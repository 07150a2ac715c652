"""The compiled search: which items of an exam stand in a text, how much of each, and where.

Runs of n tokens propose items, and every proposed item is measured in a window that slides over the text. There, runs
count that leave one token out, on either side: an edited token must not cost its neighbours.

Axes: D texts, T tokens, N holes (none, or after so many tokens), G distinct runs, P postings, I items, S runs without a
hole of an item in order, R all its runs, K its tokens, H hits.
"""

import numba
import numpy as np

from corpus.decontaminate.hashing import run_hash, stepped
from corpus.decontaminate.table import EMPTY, number


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
def _dense(run_T, runs, sorted_R, fewest, window, at_T):  # type: ignore[no-untyped-def]
    """Whether so many runs of the item stand in a window of the text."""
    met = 0
    for at in range(runs):
        if run_T[at] == EMPTY:
            continue
        near = np.searchsorted(sorted_R, run_T[at])
        if near == len(sorted_R) or sorted_R[near] != run_T[at]:
            continue
        at_T[met] = at
        met += 1
        if met >= fewest and at - at_T[met - fewest] <= window:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _turn(by, at, low_NT, high_NT, place_R, hole_R, weight_K, cover_K, cover_T, sums):  # type: ignore[no-untyped-def]
    """Take the runs at a place of the text into the window (by 1) or out of it (by -1); `sums` follows.

    `sums` counts the item's tokens that are covered, their weight, and the covered tokens of the text.
    """
    n, edge = len(low_NT), 0 if by > 0 else 1
    for hole in range(n):
        if low_NT[hole, at] == high_NT[hole, at]:
            continue
        for one in range(low_NT[hole, at], high_NT[hole, at]):
            for step in range(n):
                k = place_R[one] + stepped(step, hole_R[one])
                if cover_K[k] == edge:
                    sums[0] += by
                    sums[1] += by * weight_K[k]
                cover_K[k] += by
        for step in range(n):
            t = at + stepped(step, hole)
            if cover_T[t] == edge:
                sums[2] += by
            cover_T[t] += by


@numba.njit(cache=True, nogil=True)
def _share(sums, tokens, weight, own):  # type: ignore[no-untyped-def]
    """Share of the item's tokens that the text has in its window; 0 where too little of it is the item's own."""
    return min(sums[0], sums[2]) / tokens if sums[1] >= own * weight else 0.0


@numba.njit(cache=True, nogil=True)
def _best(run_NT, runs, sorted_R, place_R, hole_R, weight_K, own, low_NT, high_NT, cover_K, cover_T):  # type: ignore[no-untyped-def]
    """Largest share of an item in a window of one and a half times its length; its first token, one past its last."""
    n, tokens, weight = len(run_NT), len(weight_K), weight_K.sum()
    window = tokens + tokens // 2 - n
    sums = np.zeros(3, np.int64)
    best, left, right, start = 0.0, 0, -1, 0
    for at in range(runs):
        met = False
        for hole in range(n):
            low_NT[hole, at] = high_NT[hole, at] = 0
            if run_NT[hole, at] != EMPTY:
                low = np.searchsorted(sorted_R, run_NT[hole, at])
                high = low
                while high < len(sorted_R) and sorted_R[high] == run_NT[hole, at]:
                    high += 1
                low_NT[hole, at], high_NT[hole, at] = low, high
                met |= low < high
        if not met:
            continue
        while start < at - window:
            _turn(-1, start, low_NT, high_NT, place_R, hole_R, weight_K, cover_K, cover_T, sums)
            start += 1
        _turn(1, at, low_NT, high_NT, place_R, hole_R, weight_K, cover_K, cover_T, sums)
        share = _share(sums, tokens, weight, own)
        if share > best:
            best, left, right = share, start, at
    cover_K[:tokens] = 0
    cover_T[: runs + n - 1] = 0
    # What stands before the item by chance is left out as long as that costs nothing.
    sums[:] = 0
    for at in range(left, right + 1):
        _turn(1, at, low_NT, high_NT, place_R, hole_R, weight_K, cover_K, cover_T, sums)
    end = min(right + n + 1, runs + n - 1)
    while end > 0 and not cover_T[end - 1]:
        end -= 1
    for at in range(left, right + 1):
        _turn(-1, at, low_NT, high_NT, place_R, hole_R, weight_K, cover_K, cover_T, sums)
        if _share(sums, tokens, weight, own) < best:
            break
        left = at + 1
    cover_K[:tokens] = 0
    cover_T[: runs + n - 1] = 0
    return best, left, end


@numba.njit(cache=True, nogil=True)
def _all_runs(hash_T, first, runs, n, key0, key1, every, run_NT):  # type: ignore[no-untyped-def]
    for hole in range(n):
        run_NT[hole, runs - 1] = EMPTY  # a run with a hole is longer
        for at in range(runs - (hole > 0)):
            run_NT[hole, at] = number(run_hash(hash_T, first + at, n, hole, key0, key1), every)


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
    run_T, run_NT = np.empty(longest + 1, np.int32), np.empty((n, longest + 1), np.int32)
    at_T = np.empty(longest + 1, np.int64)
    low_NT, high_NT = np.empty((n, longest + 1), np.int64), np.empty((n, longest + 1), np.int64)
    cover_T, cover_K = np.zeros(longest + 1, np.int32), np.zeros(tokens, np.int32)
    found, hits = np.empty((64, 5), np.int64), 0
    share_H = np.empty(64)
    for text in range(len(first_D) - 1):
        runs = first_D[text + 1] - first_D[text] - n + 1
        proposed, holed = 0, False
        for at in range(runs):
            value = run_hash(hash_T, first_D[text] + at, n, 0, key0, key1)
            run_T[at] = number(value, table.solid)
            if run_T[at] != EMPTY:
                for one in range(table.posting_first[run_T[at]], table.posting_first[run_T[at] + 1]):
                    item = table.posting[one]
                    if count_I[item] == 0:
                        met[proposed] = item
                        proposed += 1
                    count_I[item] += 1
        for one in range(proposed):
            item = met[one]
            enough = count_I[item] >= table.needed[item]
            count_I[item] = 0
            if not enough:
                continue
            low, high = table.first[item], table.first[item + 1]
            share, left = 1.0, _verbatim(run_T, runs, table.run[low:high])
            whole, end = left != EMPTY, left + high - low + n - 1
            if not whole:
                if table.least[item] > 1:
                    continue
                weight_K = table.weight[low + item * (n - 1) : high + (item + 1) * (n - 1)]
                mine = slice(table.first_run[item], table.first_run[item + 1])
                sorted_R, place_R, hole_R = table.sorted_run[mine], table.sorted_place[mine], table.sorted_hole[mine]
                if not _dense(run_T, runs, sorted_R, table.fewest[item], len(weight_K) + len(weight_K) // 2 - n, at_T):
                    continue
                if not holed:
                    holed = True
                    _all_runs(hash_T, first_D[text], runs, n, key0, key1, table.every, run_NT)
                share, left, end = _best(
                    run_NT, runs, sorted_R, place_R, hole_R, weight_K, own, low_NT, high_NT, cover_K, cover_T
                )
                if share == 0 or share < table.least[item]:
                    continue
            if hits == len(found):
                found = np.concatenate((found, np.empty_like(found)))
                share_H = np.concatenate((share_H, np.empty_like(share_H)))
            found[hits, 0], found[hits, 1], found[hits, 4] = text, item, whole
            found[hits, 2], found[hits, 3] = first_D[text] + left, first_D[text] + end
            share_H[hits] = share
            hits += 1
    return found[:hits], share_H[:hits]
