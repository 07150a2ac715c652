"""Rows that say the same in other words: cosine similarity of embeddings, as an option after equal and similar text.

Axes: N vectors in order of rank, D dimensions, K kept ones, M later ones.
"""

import numpy as np
import polars as pl

from corpus.signals.lists import BLOCK, Lists, by_list, sort_into_lists, units

DIGITS = 6  # of a similarity: vectors are kept in half precision, and products of float32 differ in the seventh
_DOUBT = 1e-5  # a product this near the threshold is computed again in float64


def semantic_duplicates(
    vectors_ND: np.ndarray, ids: pl.Series, rank: pl.Series, *, threshold: float = 0.95, exact: bool = False
) -> pl.DataFrame:
    """Rows that go because a kept row is at least as similar as the threshold.

    Walks the rows in order of rank: one goes if a row kept before it is similar enough, and never through a chain of
    others. The order of the rows makes no difference.

    Up to 20,000 rows are compared all with all. More are sorted into lists around learnt centres, a row looks into the
    16 lists nearest to it, and a pair may be missed (docs/curation.md has the measured recall); `exact` compares all.

    Text vectors know nothing of pictures, so one question under two pictures looks like a copy: pass rows without
    pictures only.

    Args:
        vectors_ND: One vector per row, of any length above 0. One that is all zero or not finite is nobody's duplicate.
        ids: Sample of each row.
        rank: Of two similar rows the one with the lower rank is kept; equal ranks go by id.
        threshold: Cosine, above 0 and up to 1; a pair exactly at it counts. Translations of one text lie at 0.83 to
            0.88 with multilingual E5, so they stay at the default.
        exact: Miss no pair, however many rows there are.

    Returns:
        `row` (position of a row that goes), `matched_id` (the first kept one, by rank, that is similar enough) and
        `similarity` to six digits, sorted by row.

    Raises:
        ValueError: If the threshold is out of range, or there are not as many vectors, ids and ranks.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold is a cosine above 0 and up to 1, not {threshold}")
    if not len(vectors_ND) == len(ids) == len(rank):
        raise ValueError(f"{len(vectors_ND)} vectors, {len(ids)} ids and {len(rank)} ranks: expected as many of each")
    ranked = pl.DataFrame({"id": ids, "rank": rank}).with_row_index("row").sort("rank", "id", maintain_order=True)
    unit_ND = units(vectors_ND)[ranked["row"].to_numpy()]
    walk = _Walk(unit_ND, sort_into_lists(unit_ND, exact=exact), threshold)
    walk.settle(np.flatnonzero(unit_ND.any(axis=1)))
    gone = np.flatnonzero(walk.matched_N >= 0)
    kept = walk.matched_N[gone]
    return pl.DataFrame(
        {
            "row": ranked["row"].gather(gone),
            "matched_id": ranked["id"].gather(kept),
            "similarity": pl.Series(_similarity(unit_ND, gone, kept), dtype=pl.Float64),
        }
    ).sort("row")


class _Walk:
    """The walk in order of rank: positions are ranks, and `matched_N` is the kept row that a row goes for, or -1."""

    def __init__(self, unit_ND: np.ndarray, lists: Lists, threshold: float) -> None:
        self.unit_ND = unit_ND
        self.lists = lists
        self.threshold = threshold
        self.matched_N = np.full(len(unit_ND), -1)

    def settle(self, places: np.ndarray) -> np.ndarray:
        """The kept ones. The later half meets only what the earlier half keeps, so no family of copies is squared."""
        if len(places) <= BLOCK:
            return self._one_by_one(places)
        kept, later = self.settle(places[: len(places) // 2]), places[len(places) // 2 :]
        self._meet(kept, later)
        return np.concatenate([kept, self.settle(later[self.matched_N[later] < 0])])

    def _one_by_one(self, places: np.ndarray) -> np.ndarray:
        alike_MM = np.tril(self._alike(places, places), k=-1)
        stays_M = np.ones(len(places), bool)
        for at in np.flatnonzero(alike_MM.any(axis=1)).tolist():
            met = alike_MM[at] & stays_M
            if met.any():
                stays_M[at] = False
                self.matched_N[places[at]] = places[met.argmax()]
        return places[stays_M]

    def _meet(self, kept: np.ndarray, later: np.ndarray) -> None:
        """Match later rows to the first kept row, by rank, among those in the lists that they look into."""
        first_M = np.full(len(later), len(self.unit_ND))
        order_K, from_K = by_list(self.lists.at_N[kept], self.lists.number)
        probes_MP = self.lists.probes_NP[later]
        order_A, from_A = by_list(probes_MP.ravel(), self.lists.number)
        for one in np.flatnonzero((np.diff(from_K) > 0) & (np.diff(from_A) > 0)).tolist():
            there = kept[order_K[from_K[one] : from_K[one + 1]]]
            asking = order_A[from_A[one] : from_A[one + 1]] // probes_MP.shape[1]
            for start in range(0, len(asking), BLOCK):
                rows = asking[start : start + BLOCK]
                for begin in range(0, len(there), BLOCK):
                    alike_MK = self._alike(later[rows], there[begin : begin + BLOCK])
                    met = np.flatnonzero(alike_MK.any(axis=1))
                    found = there[begin + alike_MK[met].argmax(axis=1)]
                    first_M[rows[met]] = np.minimum(first_M[rows[met]], found)
        met = np.flatnonzero(first_M < len(self.unit_ND))
        self.matched_N[later[met]] = first_M[met]

    def _alike(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Whether each left row is at or above the threshold to each right row."""
        cosine = self.unit_ND[left] @ self.unit_ND[right].T
        alike: np.ndarray = cosine >= self.threshold + _DOUBT
        at, to = np.nonzero(np.abs(cosine - self.threshold) < _DOUBT)
        alike[at, to] = _similarity(self.unit_ND, left[at], right[to]) >= self.threshold
        return alike


def _similarity(unit_ND: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    found = []
    for start in range(0, len(left), BLOCK):
        one, other = (unit_ND[side[start : start + BLOCK]].astype(np.float64) for side in (left, right))
        lengths = np.sqrt(np.einsum("nd,nd->n", one, one) * np.einsum("nd,nd->n", other, other))
        found.append(np.einsum("nd,nd->n", one, other) / lengths)
    return np.concatenate([np.zeros(0), *found]).round(DIGITS)
