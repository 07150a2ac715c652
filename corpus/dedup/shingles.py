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
    """Sorted distinct shingles of members, one after the other, and a byte of each of their K hashes.

    A shingle is known by 39 bits and the part that it stands in; `tail_S` has the last 7 of them and the part. Of a
    pair of texts of 150 shingles each, two that differ are taken for the same with a chance of 4e-8. `behind_M` counts
    those of the part behind the parting.
    """

    hash_S: np.ndarray
    tail_S: np.ndarray
    start_M: np.ndarray
    size_M: np.ndarray
    behind_M: np.ndarray
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
        found = kernels.sign_texts(  # type: ignore[call-arg]
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
    sets = room_for(n_M, tokens_M)
    fill(sets, 0, text, n_M)
    return sets


def room_for(n_M: np.ndarray, tokens_M: np.ndarray) -> Sets:
    """Sets that nothing is in yet, with room for every shingle of every member."""
    room_M = np.maximum(tokens_M - n_M + 1, 1) + np.minimum(tokens_M, n_M)  # as many as two parts can have
    hash_S, tail_S = (np.empty(int(room_M.sum()), kind) for kind in (np.uint32, np.uint8))
    sketch_MK = np.zeros((len(n_M), kernels.HASHES), np.uint8)
    size_M, behind_M = np.zeros((2, len(n_M)), np.int64)
    return Sets(hash_S, tail_S, np.cumsum(room_M) - room_M, size_M, behind_M, sketch_MK)


def fill(sets: Sets, first: int, text: pl.Series, n_M: np.ndarray) -> None:
    """Make the sets of some members in a row.

    Args:
        sets: Takes them.
        first: Number of the first of these members.
        text: The text of each of them.
        n_M: Their shingle lengths.
    """

    def make(at_M: np.ndarray, texts: pl.Series, settled: bool) -> None:
        size, behind = np.empty((2, len(texts)), np.int64)
        sketch = np.empty((len(texts), kernels.HASHES), np.uint8)
        where = sets.start_M[first + at_M], size, behind, sets.hash_S, sets.tail_S, sketch
        kernels.make_sets(*_bytes(texts), table(), settled, n_M[at_M], *_functions(), *where)
        sets.size_M[first + at_M], sets.behind_M[first + at_M] = size, behind
        sets.sketch_MK[first + at_M] = sketch

    for low in range(0, len(text), _BLOCK):
        block = text[low : low + _BLOCK]
        at_M = np.arange(low, low + len(block))
        make(at_M, block, False)
        open_ = at_M[sets.size_M[first + at_M] < 0]
        if len(open_):
            make(open_, _settled(text.gather(open_)), True)


def buckets(columns: Iterator[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Members that share a band key with another one.

    Args:
        columns: The keys of every member, band by band.

    Returns:
        Member and bucket of every entry, bucket by bucket; buckets are numbered from 0.
    """
    member, bucket, known = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)], 0
    for key_M in columns:
        # One sort of plain numbers: the member stands in the low bits, where the key is not needed to be told apart.
        low = np.uint64(max(len(key_M) - 1, 1).bit_length())
        packed = np.sort((key_M >> low << low) | np.arange(len(key_M), dtype=np.uint64))
        key, at = packed >> low, (packed & ((np.uint64(1) << low) - np.uint64(1))).astype(np.int32)
        fresh = np.diff(key, prepend=~key[:1]) != 0
        met = ~fresh | ~np.append(fresh[1:], True)[: len(fresh)]
        number = np.cumsum(fresh[met], dtype=np.int32) - np.int32(1)
        member.append(at[met])
        bucket.append(number + np.int32(known))
        known += int(number[-1]) + 1 if len(number) else 0
    return np.concatenate(member), np.concatenate(bucket)


def compact(member_E: np.ndarray, members: int) -> tuple[np.ndarray, np.ndarray]:
    """The members that stand in entries, sorted, and the entries with these counted from 0."""
    active = np.zeros(members, bool)
    active[member_E] = True
    number = np.cumsum(active, dtype=np.int32) - np.int32(1)
    return np.flatnonzero(active), number[member_E]


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
