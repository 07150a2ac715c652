"""Texts as sets of shingles: runs of n words, or of n characters in scripts that write without spaces.

Hashes are our own arithmetic on code points, so the same text has the same shingles under every library version.

Axes: C characters, T tokens, S shingles, D texts.
"""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

HASH_BITS = 40  # of a shingle; the text's number stands in front of it, so one sorted array holds every set
HASH_MASK = np.uint64((1 << HASH_BITS) - 1)
MOST_TEXTS = 1 << (64 - HASH_BITS)

_BLOCK = 1_000_000  # characters read at a time: bounds memory, changes no result
_BASE = 0x9E3779B97F4A7C15
_SPACE = ord(" ")
# Han and its extensions, kana, Thai, Lao, Tibetan, Myanmar, Khmer: every character is a token.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Tibetan}\p{Myanmar}\p{Khmer}]"


class Shingles(NamedTuple):
    """Sets of shingles of D texts: `key_S` is sorted, and holds number of the text << HASH_BITS | hash of a shingle."""

    row_D: np.ndarray
    tokens_D: np.ndarray
    key_S: np.ndarray
    start_D: np.ndarray
    size_D: np.ndarray


def mix(value: np.ndarray) -> np.ndarray:
    """Spread every bit of 64-bit numbers over the others; no two numbers become one."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        value = (value ^ (value >> np.uint64(shift))) * np.uint64(factor)
    return value ^ (value >> np.uint64(31))


def ranges(start: np.ndarray, size: np.ndarray) -> np.ndarray:
    """start, start + 1, ... for each start, as many as its size, one after the other."""
    ends = np.cumsum(size)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(start - ends + size, size)


def blocks(weight: np.ndarray, most: int) -> list[tuple[int, int]]:
    """First and one past the last position of runs that weigh about `most` each."""
    run = (np.cumsum(weight) - weight) // most
    return list(pairwise([*np.flatnonzero(np.diff(run, prepend=-1)).tolist(), len(run)]))


@cache
def _unspaced() -> np.ndarray:
    """For every code point, whether its script is written without spaces."""
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    table = np.zeros(0x110000, bool)
    table[codes] = pl.Series(map(chr, codes), dtype=pl.String).str.contains(_UNSPACED).to_numpy()
    return table


def _span_hash(value: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Hash of each span of an array, by the polynomial hash of its prefixes."""
    power = np.cumprod(np.full(len(value), _BASE, np.uint64))
    inverse = np.cumprod(np.full(len(value), pow(_BASE, -1, 1 << 64), np.uint64))
    prefix = np.concatenate([np.zeros(1, np.uint64), np.cumsum(value * power)])
    return mix((prefix[end] - prefix[start]) * inverse[start] + (end - start).astype(np.uint64))


def _tokens(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of the tokens of the texts, one after the other, and how many each text has."""
    code_C = np.frombuffer("".join(f" {text} " for text in texts).encode("utf-32-le"), np.uint32)
    space_C, alone_C = code_C == _SPACE, _unspaced()[code_C]
    first_C = ~space_C & (alone_C | np.roll(space_C | alone_C, 1))
    start_T = np.flatnonzero(first_C)
    end_T = np.flatnonzero(~space_C & np.roll(space_C | first_C, -1)) + 1
    text_start_D = np.cumsum([0, *(len(text) + 2 for text in texts)])
    tokens_D = np.diff(np.searchsorted(start_T, text_start_D))
    return _span_hash(code_C.astype(np.uint64) + np.uint64(1), start_T, end_T), tokens_D


def _sets(token_T: np.ndarray, tokens_D: np.ndarray, wanted_D: np.ndarray, n: int, number_D: np.ndarray) -> np.ndarray:
    start_D = (np.cumsum(tokens_D) - tokens_D)[wanted_D]
    count_D = tokens_D[wanted_D]
    shingles_D = np.maximum(count_D - n + 1, 1)  # a text shorter than n is one shingle: its whole self
    start_S = ranges(start_D, shingles_D)
    end_S = np.minimum(start_S + n, np.repeat(start_D + count_D, shingles_D))
    hash_S = _span_hash(token_T, start_S, end_S) >> np.uint64(64 - HASH_BITS)
    return np.unique((np.repeat(number_D[wanted_D], shingles_D).astype(np.uint64) << np.uint64(HASH_BITS)) | hash_S)


def _blocks(text: pl.Series) -> Iterator[tuple[int, list[str]]]:
    for first, last in blocks(text.str.len_bytes().fill_null(0).to_numpy().astype(np.int64) + 2, _BLOCK):
        yield first, text[first:last].fill_null("").to_list()


def shingle(text: pl.Series, scales: list[tuple[int, int, float]]) -> list[Shingles]:
    """Sets of shingles of normalised texts at each scale.

    Args:
        text: String column in the form of `corpus.normalize.normalized`. Null and empty text have no set.
        scales: n, fewest and most tokens (words, or characters of unspaced scripts) of the texts that get a set.

    Raises:
        ValueError: If there are more texts than the numbers in front of the hashes can count.
    """
    if len(text) > MOST_TEXTS:
        raise ValueError(f"{len(text)} texts at once; at most {MOST_TEXTS}: deduplicate the sources one by one first")
    parts: list[list[np.ndarray]] = [[] for _ in scales]
    tokens_D = np.zeros(len(text), np.int64)
    for start, texts in _blocks(text):
        token_T, count_D = _tokens(texts)
        rows_D = np.arange(start, start + len(texts))
        tokens_D[rows_D] = count_D
        for part, (n, fewest, most) in zip(parts, scales, strict=True):
            wanted_D = (count_D >= max(fewest, 1)) & (count_D <= most)
            part.append(_sets(token_T, count_D, wanted_D, n, rows_D))
    return [_numbered(np.concatenate([np.zeros(0, np.uint64), *part]), tokens_D) for part in parts]


def _numbered(key_S: np.ndarray, tokens_N: np.ndarray) -> Shingles:
    """Count the texts that have a set from 0, so that arrays over them have no holes."""
    row_S = (key_S >> np.uint64(HASH_BITS)).astype(np.int64)
    row_D, start_D, size_D = np.unique(row_S, return_index=True, return_counts=True)
    number_S = np.repeat(np.arange(len(row_D), dtype=np.uint64), size_D)
    return Shingles(row_D, tokens_N[row_D], (number_S << np.uint64(HASH_BITS)) | (key_S & HASH_MASK), start_D, size_D)
