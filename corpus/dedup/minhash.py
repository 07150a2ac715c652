"""Near-duplicate text: MinHash proposes pairs, and every pair is verified by its true Jaccard similarity.

Axes: D texts with shingles, S shingles, K hashes, B bands, P pairs, I entries of a band index.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from corpus.dedup.components import join
from corpus.dedup.shingles import HASH_BITS, HASH_MASK, Shingles, blocks, mix, ranges, shingle
from corpus.normalize import normalized

HASHES = 128
MISS = 1e-6  # largest chance that a pair exactly at the threshold is not proposed
SHORT = 32  # tokens: a text below it is compared by runs of 2 tokens, a longer one by runs of 5

_PAIRS = 1_000_000  # looked at in one go: bounds memory, changes no result
_IN_CACHE = 16_384  # numbers that one pass of arithmetic works on
_DIRECT = 256  # texts compared all with all before the halves are merged


class _Scale(NamedTuple):
    """The sets at one shingle length, and the token counts of the shorter text in the pairs that it judges."""

    sets: Shingles
    bands_DB: np.ndarray
    sketch_DK: np.ndarray
    fewest: int
    below: float
    threshold: float


class _Pairs(NamedTuple):
    left_P: np.ndarray
    right_P: np.ndarray
    similarity_P: np.ndarray


def band_rows(threshold: float) -> int:
    """Hashes per band: as many as keep the chance of missing a pair at the threshold below `MISS`.

    Source:
        Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, section 3.4.2: (1 - s^r)^b.
    """
    enough = [r for r in range(1, HASHES + 1) if (1 - threshold**r) ** (HASHES // r) <= MISS]
    return max(enough, default=1)


def _signature(sets: Shingles) -> np.ndarray:
    """Smallest hash of each set under K linear functions. A block of sets stays in the cache for all of them."""
    number_K = np.arange(1, 2 * HASHES + 1, dtype=np.uint64)
    factor_K, shift_K = mix(number_K[:HASHES]) | np.uint64(1), mix(number_K[HASHES:])
    signature_DK = np.empty((len(sets.row_D), HASHES), np.uint64)
    for first, last in blocks(sets.size_D, _IN_CACHE):
        start_D = sets.start_D[first:last] - sets.start_D[first]
        end = sets.start_D[last - 1] + sets.size_D[last - 1]
        hash_S = sets.key_S[sets.start_D[first] : end] & HASH_MASK
        for k in range(HASHES):
            signature_DK[first:last, k] = np.minimum.reduceat(hash_S * factor_K[k] + shift_K[k], start_D)
    return signature_DK


def _scale(sets: Shingles, fewest: int, below: float, threshold: float) -> _Scale:
    mixed_DK = mix(_signature(sets))
    r = band_rows(threshold)
    bands_DB = np.empty((len(mixed_DK), HASHES // r), np.uint64)
    for band in range(HASHES // r):
        bands_DB[:, band] = band
        for k in range(band * r, (band + 1) * r):
            bands_DB[:, band] = mix(bands_DB[:, band] ^ mixed_DK[:, k])
    return _Scale(sets, bands_DB, (mixed_DK >> np.uint64(56)).astype(np.uint8), fewest, below, threshold)


def _plain(text: pl.Series) -> tuple[pl.Series, np.ndarray]:
    """Normalised texts, null where an earlier row has the same, and for every row the first that has it.

    What a text resembles, its copies resemble too; text that normalises to nothing is nobody's copy.
    """
    plain = text.to_frame("text").select(normalized(pl.col("text")).replace("", None)).with_row_index("row")
    first = pl.when(pl.col("text").is_null()).then("row").otherwise(pl.col("row").first().over("text"))
    found = plain.with_columns(first=first).with_columns(text=pl.when(pl.col("first") == pl.col("row")).then("text"))
    return found["text"], found["first"].to_numpy().astype(np.int64)


def _scales(text: pl.Series, threshold: float, n: int | None) -> list[_Scale]:
    """The shorter text of a pair decides its n, so a longer one near the border has sets of both lengths."""
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold is a Jaccard similarity above 0 and up to 1, not {threshold}")
    if n is not None and n < 1:
        raise ValueError(f"a shingle has at least 1 token, not {n}")
    judged = [(n, 1, math.inf)] if n else [(2, 1, SHORT), (5, SHORT, math.inf)]
    wanted = [(size, fewest, below / threshold + size) for size, fewest, below in judged]
    sets = shingle(text, wanted)
    return [_scale(part, fewest, below, threshold) for part, (_, fewest, below) in zip(sets, judged, strict=True)]


def _index(scale: _Scale, docs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Band keys of some texts, sorted, and whose they are."""
    key_I = scale.bands_DB[docs].ravel()
    order_I = np.argsort(key_I, kind="stable")
    return key_I[order_I], np.repeat(docs, scale.bands_DB.shape[1])[order_I]


def _proposed(left: tuple[np.ndarray, np.ndarray], right: tuple[np.ndarray, np.ndarray]) -> Iterator[np.ndarray]:
    """Pairs (left < right) that share a band, once for each, a block at a time: array of shape (P, 2)."""
    low_I, high_I = (np.searchsorted(left[0], right[0], side) for side in ("left", "right"))
    met = np.flatnonzero(high_I > low_I)
    low_I, count_I, doc_I = low_I[met], (high_I - low_I)[met], right[1][met]
    for first, last in blocks(count_I, _PAIRS):
        left_P = left[1][ranges(low_I[first:last], count_I[first:last])]
        right_P = np.repeat(doc_I[first:last], count_I[first:last])
        yield np.stack([left_P, right_P], axis=1)[left_P < right_P]


def _distinct(pair_P2: np.ndarray) -> np.ndarray:
    both_P = np.unique((pair_P2[:, 1] << 32) | pair_P2[:, 0])
    return np.stack([both_P & 0xFFFFFFFF, both_P >> 32], axis=1)


def _verified(scale: _Scale, pair_P2: np.ndarray) -> _Pairs:
    """Those of the proposed pairs that are at or above the threshold, with their true similarity."""
    sets, threshold = scale.sets, scale.threshold
    shorter_P = sets.tokens_D[pair_P2].min(axis=1)
    size_P2 = sets.size_D[pair_P2]
    possible_P = (shorter_P >= scale.fewest) & (shorter_P < scale.below)
    possible_P &= size_P2.min(axis=1) >= threshold * size_P2.max(axis=1) * (1 - 1e-9)
    pair_P2 = pair_P2[possible_P]
    # Five standard deviations below what a pair at the threshold is expected to agree in.
    agreed = HASHES * (threshold - 5 * math.sqrt(threshold * (1 - threshold) / HASHES))
    pair_P2 = _distinct(pair_P2[_agreement(scale.sketch_DK, pair_P2) >= agreed])
    similarity_P = _jaccard(sets, pair_P2)
    alike_P = similarity_P >= threshold
    rows_P2 = sets.row_D[pair_P2[alike_P]]
    return _Pairs(rows_P2[:, 0], rows_P2[:, 1], similarity_P[alike_P])


def _agreement(sketch_DK: np.ndarray, pair_P2: np.ndarray) -> np.ndarray:
    agreed_P = np.zeros(len(pair_P2), np.int64)
    for first in range(0, len(pair_P2), _IN_CACHE):
        left_K, right_K = (sketch_DK[pair_P2[first : first + _IN_CACHE, side]] for side in (0, 1))
        agreed_P[first : first + _IN_CACHE] = (left_K == right_K).sum(axis=1)
    return agreed_P


def _jaccard(sets: Shingles, pair_P2: np.ndarray) -> np.ndarray:
    """|A & B| / |A | B| of each pair: the shingles of the smaller set are looked up in the larger one."""
    size_P2 = sets.size_D[pair_P2]
    flipped_P = size_P2[:, 0] > size_P2[:, 1]
    small_P, large_P = np.where(flipped_P, pair_P2.T[::-1], pair_P2.T)
    shared_P = np.zeros(len(pair_P2), np.int64)
    for first, last in blocks(sets.size_D[small_P], _PAIRS):
        small, large = small_P[first:last], large_P[first:last]
        hash_S = sets.key_S[ranges(sets.start_D[small], sets.size_D[small])] & HASH_MASK
        wanted_S = (np.repeat(large, sets.size_D[small]).astype(np.uint64) << np.uint64(HASH_BITS)) | hash_S
        place_S = np.minimum(np.searchsorted(sets.key_S, wanted_S), len(sets.key_S) - 1)
        found_S = (sets.key_S[place_S] == wanted_S).astype(np.int64)
        shared_P[first:last] = np.add.reduceat(found_S, np.cumsum(sets.size_D[small]) - sets.size_D[small])
    return shared_P / (size_P2.sum(axis=1) - shared_P)


def _alike(scales: list[_Scale], left_rows: np.ndarray, right_rows: np.ndarray) -> _Pairs:
    """All pairs at or above the threshold between two lists of rows, at any scale."""
    found = []
    for scale in scales:
        left, right = (np.flatnonzero(np.isin(scale.sets.row_D, rows)) for rows in (left_rows, right_rows))
        found += [_verified(scale, pair_P2) for pair_P2 in _proposed(_index(scale, left), _index(scale, right))]
    return _joined(found)


def _joined(found: list[_Pairs]) -> _Pairs:
    empty = _Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    return _Pairs(*(np.concatenate(columns) for columns in zip(empty, *found, strict=True)))


def near_duplicates(
    text: pl.Series, ids: pl.Series, rank: pl.Series, *, threshold: float = 0.8, n: int | None = None
) -> pl.DataFrame:
    """Texts that go because a kept text is at least as similar as the threshold.

    Walks the texts in order of rank: one goes if a text kept before it is similar enough, and never through a chain of
    others. The order of the rows and the size of the blocks in memory make no difference.

    Args:
        text: String column. Null, and text that normalises to nothing, is nobody's duplicate.
        ids: Sample of each text.
        rank: Of two similar texts the one with the lower rank is kept; equal ranks go by id, then by text.
        threshold: Jaccard similarity of the sets of shingles, above 0 and up to 1.
        n: Tokens in a shingle (words, or characters of scripts without spaces); a text with fewer is one shingle, its
            whole self. By default the shorter text of a pair decides: 2 below 32 tokens, else 5.

    Returns:
        `row` (position of a text that goes), `matched_id` (the first kept one, by rank, that is similar enough) and
        `similarity`, sorted by row.

    Raises:
        ValueError: If the threshold or n is out of range.
    """
    ranked = pl.DataFrame({"text": text, "id": ids, "rank": rank}).with_row_index("row").sort("rank", "id", "text")
    plain, first_N = _plain(ranked["text"])
    scales = _scales(plain, threshold, n)
    matched_N = np.full(len(ranked), -1)
    similarity_N = np.zeros(len(ranked))

    def drop(pairs: _Pairs) -> None:
        for at in np.lexsort((pairs.left_P, pairs.right_P)).tolist():
            left, right = pairs.left_P[at], pairs.right_P[at]
            if matched_N[left] < 0 and matched_N[right] < 0:
                matched_N[right], similarity_N[right] = left, pairs.similarity_P[at]

    def settle(places: np.ndarray) -> np.ndarray:
        """The kept ones. The later half meets only what the earlier half keeps, so no family of copies is squared."""
        if len(places) <= _DIRECT:
            drop(_alike(scales, places, places))
            return places[matched_N[places] < 0]
        kept, later = settle(places[: len(places) // 2]), places[len(places) // 2 :]
        drop(_alike(scales, kept, later))
        return np.concatenate([kept, settle(later[matched_N[later] < 0])])

    settle(np.unique(first_N))
    copies = np.flatnonzero(first_N != np.arange(len(ranked)))
    original = first_N[copies]
    kept = matched_N[original] < 0
    matched_N[copies] = np.where(kept, original, matched_N[original])
    similarity_N[copies] = np.where(kept, 1.0, similarity_N[original])
    gone = np.flatnonzero(matched_N >= 0)
    found = {"row": ranked["row"].gather(gone), "matched_id": ranked["id"].gather(matched_N[gone])}
    return pl.DataFrame(found).with_columns(similarity=pl.Series(similarity_N[gone], dtype=pl.Float64)).sort("row")


def similar_pairs(text: pl.Series, *, threshold: float = 0.7, n: int | None = None) -> pl.DataFrame:
    """Enough pairs at or above the threshold to connect every text with all that it resembles.

    A pair whose ends other pairs connect already may be left out: thousands of rows from one template give thousands
    of pairs, not millions.

    Args:
        text: String column. Null, and text that normalises to nothing, resembles nothing.
        threshold: Jaccard similarity of the sets of shingles, above 0 and up to 1.
        n: Tokens in a shingle, as in `near_duplicates`.

    Returns:
        `left` and `right` (positions in the column, left < right) and `similarity`, sorted.

    Raises:
        ValueError: If the threshold or n is out of range.
    """
    plain, first_N = _plain(text)
    copies = np.flatnonzero(first_N != np.arange(len(text)))
    found = [_Pairs(first_N[copies], copies, np.ones(len(copies)))]
    root_N = np.arange(len(text))

    def look(scale: _Scale, pair_P2: np.ndarray) -> None:
        nonlocal root_N
        root_P2 = root_N[scale.sets.row_D[pair_P2]]
        pairs = _verified(scale, pair_P2[root_P2[:, 0] != root_P2[:, 1]])
        root_N = join(root_N, pairs.left_P, pairs.right_P)
        found.append(pairs)

    for scale in _scales(plain, threshold, n):
        key_I, doc_I = _index(scale, np.arange(len(scale.sets.row_D)))
        beside_I = np.flatnonzero(key_I[1:] == key_I[:-1])
        look(scale, np.stack([doc_I[beside_I], doc_I[beside_I + 1]], axis=1))
        open_I = _undecided(key_I, root_N[scale.sets.row_D[doc_I]])
        rest = key_I[open_I], doc_I[open_I]
        for pair_P2 in _proposed(rest, rest):
            look(scale, pair_P2)
    pairs = _joined(found)
    columns = {"left": pairs.left_P, "right": pairs.right_P, "similarity": pairs.similarity_P}
    return pl.DataFrame(columns).sort("left", "right")


def _undecided(key_I: np.ndarray, root_I: np.ndarray) -> np.ndarray:
    """Entries of bands whose texts neighbours alone have not joined into one component."""
    if not len(key_I):
        return np.zeros(0, bool)
    start = np.flatnonzero(np.diff(key_I, prepend=key_I[0] ^ np.uint64(1)))
    mixed = np.minimum.reduceat(root_I, start) != np.maximum.reduceat(root_I, start)
    return np.repeat(mixed, np.diff(start, append=len(key_I)))
