"""Near-duplicate text: MinHash proposes pairs, and every pair is verified by its true Jaccard similarity.

Axes: D texts, M members (a text at a shingle length), K hash functions, E entries (a member in a bucket), P pairs.
"""

import hashlib
import math
from typing import NamedTuple

import numpy as np
import polars as pl

from corpus.dedup import kernels
from corpus.dedup.kernels import HASHES
from corpus.dedup.shingles import Members, Scale, Sets, buckets, compact, read_members, read_sets

PARTING = chr(kernels.PARTING)
MISS = 1e-6  # largest chance that a pair exactly at the threshold is not proposed
SHORT = 32  # tokens: a text below it is compared by runs of 2 tokens, a longer one by runs of 5


class Met(NamedTuple):
    """Members that met another one in a band, with their sets.

    `first_M` and `bucket_E` are their buckets, member by member; `room_B` has a place for every member of each bucket.
    """

    first_M: np.ndarray
    bucket_E: np.ndarray
    room_B: np.ndarray
    doc_M: np.ndarray
    scale_M: np.ndarray
    tokens_M: np.ndarray
    sets: Sets


def band_rows(threshold: float) -> int:
    """Hashes per band: as many as keep the chance of missing a pair at the threshold below `MISS`.

    Source:
        Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, section 3.4.2: (1 - s^r)^b.
    """
    enough = [r for r in range(1, HASHES + 1) if (1 - threshold**r) ** (HASHES // r) <= MISS]
    return max(enough, default=1)


def agreement(threshold: float) -> int:
    """Hashes that agree at least: of a pair at the threshold fewer do with a chance of `MISS` at the most."""
    tail, agreed = 0.0, 0
    while agreed < HASHES:
        tail += math.comb(HASHES, agreed) * threshold**agreed * (1 - threshold) ** (HASHES - agreed)
        if tail > MISS:
            break
        agreed += 1
    return agreed


def scales(threshold: float, n: int | None = None) -> list[Scale]:
    """The shorter text of a pair decides its shingle length, so a longer one near the border has sets of both.

    Raises:
        ValueError: If the threshold or n is out of range.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold is a Jaccard similarity above 0 and up to 1, not {threshold}")
    if n is not None and n < 1:
        raise ValueError(f"a shingle has at least 1 token, not {n}")
    judged = [(n, 1, math.inf)] if n else [(2, 1, SHORT), (5, SHORT, math.inf)]
    return [Scale(size, fewest, below, below / threshold + size) for size, fewest, below in judged]


def near_duplicates(
    text: pl.Series,
    ids: pl.Series,
    rank: pl.Series,
    *,
    threshold: float = 0.8,
    n: int | None = None,
    group: pl.Series | None = None,
) -> pl.DataFrame:
    """Texts that go because a kept text is at least as similar as the threshold.

    Walks the texts in order of rank: one goes if a text kept before it is similar enough, and never through a chain of
    others. The order of the rows makes no difference.

    A text may have two parts, as prompt and reply, with `PARTING` between them. Then the reply must be similar enough
    too: another answer to the same long question is no copy.

    Args:
        text: String column. Null, and text that normalises to nothing, is nobody's duplicate.
        ids: Sample of each text.
        rank: Of two similar texts the one with the lower rank is kept; equal ranks go by id, then by text.
        threshold: Jaccard similarity of the sets of shingles, above 0 and up to 1.
        n: Tokens in a shingle (words, or characters of scripts without spaces); a text with fewer is one shingle, its
            whole self. By default the shorter text of a pair decides: 2 below 32 tokens, else 5.
        group: Strings; only texts of one group are compared. By default all are.

    Returns:
        `row` (position of a text that goes), `matched_id` (the first kept one, by rank, that is similar enough) and
        `similarity`, of the whole or of the second part, whichever is less; sorted by row.

    Raises:
        ValueError: If the threshold or n is out of range.
    """
    at = scales(threshold, n)
    order = pl.DataFrame({"text": text, "id": ids, "rank": rank}).select(
        pl.arg_sort_by("rank", "id", "text", nulls_last=True)
    )
    order_D = order.to_series().to_numpy().astype(np.int64)
    text, salt_D = text.gather(order_D), salts(len(text), group)[order_D]
    members = read_members(text, salt_D, at, band_rows(threshold))
    first_D = first_copies(members.tokens_D, members.content_D2, salt_D)
    met = meet(text, _distinct(members, first_D), at)
    matched_D, similarity_D = walk(met, at, threshold, len(text))
    copies = np.flatnonzero(first_D != np.arange(len(text)))
    original, matched_original = first_D[copies], matched_D[first_D[copies]]
    matched_D[copies] = np.where(matched_original < 0, original, matched_original)
    similarity_D[copies] = np.where(matched_original < 0, 1.0, similarity_D[original])
    gone = np.flatnonzero(matched_D >= 0)
    found = {"row": order_D[gone], "matched_id": ids.gather(order_D[matched_D[gone]])}
    return pl.DataFrame(found, schema_overrides={"row": pl.UInt32}).with_columns(
        similarity=pl.Series(similarity_D[gone], dtype=pl.Float64)
    ).sort("row")  # fmt: skip


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
    at = scales(threshold, n)
    salt_D = salts(len(text), None)
    members = read_members(text, salt_D, at, band_rows(threshold))
    first_D = first_copies(members.tokens_D, members.content_D2, salt_D)
    met = meet(text, _distinct(members, first_D), at)
    left_P, right_P, similarity_P = (np.empty(len(text), kind) for kind in (np.int64, np.int64, np.float64))
    pairs = kernels.connect(
        met.first_M, met.bucket_E, met.room_B,
        met.doc_M, met.scale_M, met.tokens_M, *met.sets,
        *_judged(at), threshold, agreement(threshold), np.arange(len(text)), left_P, right_P, similarity_P,
    )  # fmt: skip
    copies = np.flatnonzero(first_D != np.arange(len(text)))
    columns = {
        "left": np.concatenate([first_D[copies], left_P[:pairs]]),
        "right": np.concatenate([copies, right_P[:pairs]]),
        "similarity": np.concatenate([np.ones(len(copies)), similarity_P[:pairs]]),
    }
    return pl.DataFrame(columns).sort("left", "right")


def salts(texts: int, group: pl.Series | None) -> np.ndarray:
    """A number for each text that only texts of its group share."""
    if group is None:
        group = pl.Series([None], dtype=pl.String).new_from_index(0, texts)
    names = group.fill_null("").unique()
    numbers = [int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little") for name in names]
    return group.fill_null("").replace_strict(names, numbers, return_dtype=pl.UInt64).to_numpy()


def first_copies(tokens_D: np.ndarray, content_D2: np.ndarray, salt_D: np.ndarray) -> np.ndarray:
    """For every text the first that has the same normalised content: what it resembles, its copies resemble too.

    Args:
        tokens_D, content_D2: As `read_members` gives them; a text without tokens is nobody's copy.
        salt_D: Only texts with the same number are copies.
    """
    # In numpy, a column at a time: grouping in polars took 160 MB more for a million texts.
    key_D = content_D2[:, 0] + salt_D * np.uint64(0x9E3779B97F4A7C15) + tokens_D.astype(np.uint64)
    order_D = np.argsort(key_D, kind="stable")  # of equal ones the first stays first
    copy_D = tokens_D[order_D] > 0
    for sorted_D in (key_D[order_D], content_D2[order_D, 1]):
        copy_D &= np.append(False, sorted_D[1:] == sorted_D[:-1])[: len(order_D)]
    start_D = np.maximum.accumulate(np.where(copy_D, 0, np.arange(len(order_D))))
    first_D = np.empty_like(order_D)
    first_D[order_D] = order_D[start_D]
    return first_D


def _distinct(members: Members, first_D: np.ndarray) -> Members:
    alone = first_D[members.doc_M] == members.doc_M
    return members._replace(**{name: getattr(members, name)[alone] for name in ("doc_M", "scale_M", "bands_MB")})


def meet(text: pl.Series, members: Members, at: list[Scale]) -> Met:
    """The members that share a band with another one; only these are read again, and get sets."""
    member_E, bucket_E = buckets(iter(members.bands_MB.T.copy()))
    active_M, member_E = compact(member_E, len(members.doc_M))
    doc_M, scale_M = members.doc_M[active_M], members.scale_M[active_M]
    tokens_M = members.tokens_D[doc_M]
    n_M = np.array([scale.n for scale in at])[scale_M]
    sets = read_sets(text.gather(doc_M), n_M, tokens_M)
    return Met(*listed(member_E, bucket_E, len(doc_M)), doc_M, scale_M, tokens_M, sets)


def listed(member_E: np.ndarray, bucket_E: np.ndarray, members: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`first_M`, `bucket_E` and `room_B` of a `Met`, from entries that stand bucket by bucket."""
    room_B = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(bucket_E))])
    return *kernels.by_member(member_E, bucket_E, members), room_B


def walk(met: Met, at: list[Scale], threshold: float, texts: int, *, given: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Walk texts in the order of their numbers; the first `given` are kept.

    Returns:
        For every text the one that it goes for, -1 where it stays; and the similarity, 0 where it stays.
    """
    matched_D, similarity_D = np.full(texts, -1), np.zeros(texts)
    order_M = np.argsort(met.doc_M, kind="stable")
    kernels.settle(
        order_M, met.first_M, met.bucket_E, met.room_B, met.doc_M, met.scale_M, met.tokens_M, *met.sets,
        *_judged(at), threshold, agreement(threshold), given, matched_D, similarity_D,
    )  # fmt: skip
    return matched_D, similarity_D


def _judged(at: list[Scale]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([scale.fewest for scale in at]), np.array([scale.below for scale in at], np.float64)
