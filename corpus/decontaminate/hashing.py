"""Keyed hashes of tokens and of runs of tokens: SipHash-2-4, compiled.

One function for plain and for salted exams. Without the key the numbers say nothing; with it, a guess can be tested.

Axes: C code points, T tokens, D texts.

Source:
    Aumasson, Bernstein 2012, "SipHash: a fast short-input PRF" (c = 2, d = 4).
"""

from typing import NamedTuple

import numba
import numpy as np
import polars as pl

from corpus.decontaminate.fold import ALONE, SEPARATOR, WORD, folding
from corpus.filters.kernels import code_points

Key = tuple[np.uint64, np.uint64]


class Tokens(NamedTuple):
    """Tokens of D texts: those of text d are `first_D[d]` up to `first_D[d + 1]`; start and end are code points."""

    hash_T: np.ndarray
    start_T: np.ndarray
    end_T: np.ndarray
    alone_T: np.ndarray
    first_D: np.ndarray


@numba.njit(cache=True, inline="always")
def _turned(value, by):  # type: ignore[no-untyped-def]
    return (value << np.uint64(by)) | (value >> np.uint64(64 - by))


@numba.njit(cache=True)
def _round(a, b, c, d):  # type: ignore[no-untyped-def]
    a += b
    c += d
    b = _turned(b, 13) ^ a
    d = _turned(d, 16) ^ c
    a = _turned(a, 32) + d
    c += b
    d = _turned(d, 21) ^ a
    b = _turned(b, 17) ^ c
    return a, b, _turned(c, 32), d


@numba.njit(cache=True)
def begin(key0, key1):  # type: ignore[no-untyped-def]
    """State of the hash before the first word."""
    return (
        key0 ^ np.uint64(0x736F6D6570736575),
        key1 ^ np.uint64(0x646F72616E646F6D),
        key0 ^ np.uint64(0x6C7967656E657261),
        key1 ^ np.uint64(0x7465646279746573),
    )


@numba.njit(cache=True)
def absorb(state, word):  # type: ignore[no-untyped-def]
    """State after one more word of 64 bits."""
    a, b, c, d = state
    a, b, c, d = _round(a, b, c, d ^ word)
    a, b, c, d = _round(a, b, c, d)
    return a ^ word, b, c, d


@numba.njit(cache=True)
def finish(state, words):  # type: ignore[no-untyped-def]
    """Hash of what was absorbed, which were so many words."""
    a, b, c, d = absorb(state, np.uint64((words * 8) & 0xFF) << np.uint64(56))
    c ^= np.uint64(0xFF)
    for _ in range(4):
        a, b, c, d = _round(a, b, c, d)
    return a ^ b ^ c ^ d


@numba.njit(cache=True)
def run_hash(hash_T, first, n, hole, key0, key1):  # type: ignore[no-untyped-def]
    """Hash of the run of n tokens that begins at `first`, and leaves out the one after `hole` tokens (0: none)."""
    state = begin(key0, key1)
    for step in range(n):
        state = absorb(state, hash_T[first + stepped(step, hole)])
    return finish(state, n)


@numba.njit(cache=True, inline="always")
def stepped(step, hole):  # type: ignore[no-untyped-def]
    """How far a token of a run stands from its first one."""
    return step + 1 if 0 < hole <= step else step


@numba.njit(cache=True, nogil=True)
def _tokens(code_C, start_D, kind, fold_start, fold_size, fold_code, key0, key1):  # type: ignore[no-untyped-def]
    most = 0
    for code in code_C:
        most += fold_size[code]
    hash_T = np.empty(most, np.uint64)
    from_T, to_T = np.empty(most, np.int64), np.empty(most, np.int64)
    alone_T = np.empty(most, np.bool_)
    first_D = np.zeros(len(start_D), np.int64)
    made = 0
    for text in range(len(start_D) - 1):
        state, length, opened, closed = begin(key0, key1), 0, 0, 0
        for at in range(start_D[text], start_D[text + 1] + 1):
            ends = at == start_D[text + 1]
            size = 1 if ends else fold_size[code_C[at]]
            for part in range(size):
                code = 0 if ends else fold_code[fold_start[code_C[at]] + part]
                what = SEPARATOR if ends else kind[code]
                if length and what != WORD:
                    hash_T[made], from_T[made], to_T[made], alone_T[made] = finish(state, length), opened, closed, False
                    made, state, length = made + 1, begin(key0, key1), 0
                if what == ALONE:
                    place = at - start_D[text]
                    hash_T[made] = finish(absorb(begin(key0, key1), np.uint64(code)), 1)
                    from_T[made], to_T[made], alone_T[made] = place, place + 1, True
                    made += 1
                elif what != SEPARATOR:
                    if not length:
                        opened = at - start_D[text]
                    state, length, closed = absorb(state, np.uint64(code)), length + 1, at - start_D[text] + 1
        first_D[text + 1] = made
    return hash_T[:made], from_T[:made], to_T[:made], alone_T[:made], first_D


@numba.njit(cache=True, nogil=True)
def _runs(hash_T, first_D, n_D, holes_D, start_S, key0, key1):  # type: ignore[no-untyped-def]
    hash_S = np.empty(start_S[-1], np.uint64)
    for text in range(len(n_D)):
        made = start_S[text]
        for hole in range(holes_D[text]):
            for at in range(first_D[text], first_D[text + 1] - n_D[text] + (hole == 0)):
                hash_S[made] = run_hash(hash_T, at, n_D[text], hole, key0, key1)
                made += 1
    return hash_S


def tokens(text: pl.Series, key: Key) -> Tokens:
    """Tokens of texts, hashed with a key."""
    code_C, start_D = code_points(text)
    return Tokens(*_tokens(code_C, start_D, *folding(), *key))


def runs(found: Tokens, n_D: np.ndarray, holes_D: np.ndarray, key: Key) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all runs of n tokens of each text, and where each text's begin.

    First those without a hole, in order; then, as `holes_D` is 2 or more, those that leave out the token after the
    first one, after the second, and so on, so that an edited token does not take its neighbours with it.
    """
    whole_D = np.maximum(np.diff(found.first_D) - n_D + 1, 0)
    count_D = whole_D + (holes_D - 1) * np.maximum(whole_D - 1, 0)
    start_S = np.concatenate([np.zeros(1, np.int64), np.cumsum(count_D)])
    return _runs(found.hash_T, found.first_D, n_D, holes_D, start_S, *key), start_S
