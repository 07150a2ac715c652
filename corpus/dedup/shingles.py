"""Texts as sets of shingles: runs of n words, or of n characters in scripts that write without spaces.

Every text is read at one or two shingle lengths; each of these is a member. Members get MinHash band keys first, and
sets only if they meet another one in a band.

Axes: D texts, M members, L shingle lengths, S shingles, K hash functions, B bands.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from corpus.dedup import kernels
from corpus.dedup.characters import table
from corpus.normalize import normalized

_BLOCK = 4096  # texts read at a time: bounds memory, changes no result
_JUDGED = (("n", np.int64), ("fewest", np.int64), ("most", np.float64))


class Scale(NamedTuple):
    """A shingle length `n`, the token counts of the texts that have a set at it, and of the pairs that it judges.

    Texts of `fewest` to `most` tokens have a set; a pair is judged whose shorter text has `fewest` to below `below`.
    """

    n: int
    fewest: int
    below: float
    most: float


class Members(NamedTuple):
    """What was read of D texts: `tokens_D` and `content_D2` of every text; of every member its text and band keys."""

    tokens_D: np.ndarray
    content_D2: np.ndarray
    doc_M: np.ndarray
    scale_M: np.ndarray
    bands_MB: np.ndarray


class Sets(NamedTuple):
    """Sorted distinct shingles of members, one after the other, and a byte of each of their K hashes."""

    hash_S: np.ndarray
    start_M: np.ndarray
    size_M: np.ndarray
    sketch_MK: np.ndarray


def read_members(text: pl.Series, salt_D: np.ndarray, scales: Sequence[Scale], rows: int) -> Members:
    """Read every text once.

    Args:
        text: String column; null is a text of nothing, which has no member.
        salt_D: uint64; texts with different salts share no band.
        scales: Shingle lengths.
        rows: Hashes in a band.
    """
    bands = kernels.HASHES // rows
    tokens_D, content_D2 = np.zeros(len(text), np.int64), np.zeros((len(text), 2), np.uint64)
    nothing = Members(
        tokens_D[:0], content_D2[:0], np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros((0, bands), np.uint64)
    )
    parts = [nothing]
    of_L = [np.array([getattr(scale, name) for scale in scales], kind) for name, kind in _JUDGED]

    def sign(at_D: np.ndarray, texts: pl.Series, settled: bool) -> None:
        room = len(texts) * len(scales)
        part = Members(
            np.empty(len(texts), np.int64),
            np.empty((len(texts), 2), np.uint64),
            np.empty(room, np.int64),
            np.empty(room, np.uint8),
            np.empty((room, bands), np.uint64),
        )
        found = kernels.sign_texts(
            *_bytes(texts), salt_D[at_D], table(), settled, *of_L, *_functions(), rows, *part
        )  # fmt: skip
        tokens_D[at_D], content_D2[at_D] = part.tokens_D, part.content_D2
        parts.append(Members(part.tokens_D, part.content_D2, at_D[part.doc_M[:found]], *(c[:found] for c in part[3:])))

    for first in range(0, len(text), _BLOCK):
        block = text[first : first + _BLOCK]
        sign(np.arange(first, first + len(block)), block, False)
        open_ = first + np.flatnonzero(tokens_D[first : first + len(block)] < 0)
        if len(open_):
            sign(open_, _settled(text.gather(open_)), True)
    doc_M, scale_M, bands_MB = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("doc_M", "scale_M", "bands_MB")
    )
    return Members(tokens_D, content_D2, doc_M, scale_M, bands_MB)


def read_sets(text: pl.Series, n_M: np.ndarray, tokens_M: np.ndarray) -> Sets:
    """Sets of members.

    Args:
        text: The text of each member.
        n_M: Its shingle length.
        tokens_M: Its number of tokens, as `read_members` found it.
    """
    room_M = np.maximum(tokens_M - n_M + 1, 1)
    start_M = np.cumsum(room_M) - room_M
    hash_S = np.empty(int(room_M.sum()), np.uint64)
    size_M, sketch_MK = np.zeros(len(text), np.int64), np.zeros((len(text), kernels.HASHES), np.uint8)

    def make(at_M: np.ndarray, texts: pl.Series, settled: bool) -> None:
        size, sketch = np.empty(len(texts), np.int64), np.empty((len(texts), kernels.HASHES), np.uint8)
        kernels.make_sets(
            *_bytes(texts), table(), settled, n_M[at_M], *_functions(), start_M[at_M], size, hash_S, sketch
        )
        size_M[at_M], sketch_MK[at_M] = size, sketch

    for first in range(0, len(text), _BLOCK):
        block = text[first : first + _BLOCK]
        make(np.arange(first, first + len(block)), block, False)
        open_ = first + np.flatnonzero(size_M[first : first + len(block)] < 0)
        if len(open_):
            make(open_, _settled(text.gather(open_)), True)
    return Sets(hash_S, start_M, size_M, sketch_MK)


def joined(parts: Sequence[Sets]) -> Sets:
    """Sets of several lists of members, one list after the other."""
    sizes = np.cumsum([0, *(len(part.hash_S) for part in parts)])
    start_M = np.concatenate([part.start_M + size for part, size in zip(parts, sizes[:-1], strict=True)])
    hash_S, size_M, sketch_MK = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("hash_S", "size_M", "sketch_MK")
    )
    return Sets(hash_S, start_M, size_M, sketch_MK)


def buckets(columns: Iterator[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Members that share a band key with another one.

    Args:
        columns: The keys of every member, band by band.

    Returns:
        Member and bucket of every entry, bucket by bucket; buckets are numbered from 0.
    """
    member, bucket, known = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0
    for key_M in columns:
        # One sort of plain numbers: the member stands in the low bits, where the key is not needed to be told apart.
        low = np.uint64(max(len(key_M) - 1, 1).bit_length())
        packed = np.sort((key_M >> low << low) | np.arange(len(key_M), dtype=np.uint64))
        key, at = packed >> low, (packed & ((np.uint64(1) << low) - np.uint64(1))).astype(np.int64)
        fresh = np.diff(key, prepend=~key[:1]) != 0
        met = ~fresh | ~np.append(fresh[1:], True)[: len(fresh)]
        number = np.cumsum(fresh[met]) - 1
        member.append(at[met])
        bucket.append(number + known)
        known += int(number[-1]) + 1 if len(number) else 0
    return np.concatenate(member), np.concatenate(bucket)


def _settled(text: pl.Series) -> pl.Series:
    return text.to_frame("text").select(normalized(pl.col("text")))["text"]


def _functions() -> tuple[np.ndarray, np.ndarray]:
    """Factors (odd) and shifts of the K linear functions, the same for ever."""
    number = np.arange(1, 2 * kernels.HASHES + 1, dtype=np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        number = (number ^ (number >> np.uint64(shift))) * np.uint64(factor)
    high = (number >> np.uint64(32)).astype(np.uint32)
    return high[: kernels.HASHES] | np.uint32(1), high[kernels.HASHES :]


def _bytes(text: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """UTF-8 of all texts, one after the other, and where each begins; the end of the last one too."""
    array = text.fill_null("").to_arrow()
    _, offsets, data = array.buffers()
    offset_D = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return np.frombuffer(data or b"", np.uint8), offset_D
