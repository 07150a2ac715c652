"""Pictures that show the same, as pairs: near by their hashes, or near once a cut or a border is undone.

Axes: M pictures, N pictures that differ in pixels, hash or text, P pairs.
"""

from typing import NamedTuple

import numpy as np
import polars as pl

from corpus.normalize import normalized
from corpus.pictures import hashing
from corpus.pictures.cuts import WINDOWS_W4, cut_hashes

MAX_DISTANCE = 20
MOST = 63
REACH = 47  # bits at which a guessed cut is near enough to be fitted
_PICTURES = 4096  # whose cuts are hashed at a time


class Near(NamedTuple):
    """`group_M`: the first picture that is the same to us. Pairs are of such first ones, the smaller number left."""

    group_M: np.ndarray
    left_P: np.ndarray
    right_P: np.ndarray
    distance_P: np.ndarray


def near_pictures(signals: pl.DataFrame, *, max_distance: int = MAX_DISTANCE) -> pl.DataFrame:
    """Pairs of pictures that show the same.

    Near is a pair that differs in at most `max_distance` bits once one picture is laid over the other, so that both
    hashes are of what they share. Of pictures as they come less may differ, since a cut and other content look the same
    there: three quarters of it inside their borders, or under a guessed cut; three fifths of it with the borders, which
    are much of such a hash. These pairs, but for the cuts, are found exactly, whatever the number of pictures; cuts of
    up to a tenth of each side are looked for, and nothing is proved of them.

    Pictures with equal pixels are a pair whatever else is known. A picture whose hash says nothing is in no other pair.
    Two pictures that are known to show different texts are none: a page that differs in one word can be 12 bits away.

    Args:
        signals: As `corpus.pictures.signals` makes it. With a column `text`, what is known to stand in the pictures:
            null, or without a letter or digit, is not known.
        max_distance: 0 to 63 bits of 256. More than 20 finds more copies that were cut or made brighter, and more
            drawings of one template that are no copies.

    Returns:
        `left`, `right` (media_id, the first in `signals` left) and `distance`. Pictures with equal pixels, or of equal
        hashes and text, are each paired with the first of them only, and that one with others for all of them.

    Raises:
        ValueError: If `max_distance` is out of range.
    """
    near = find(signals, max_distance)
    copies = np.flatnonzero(near.group_M != np.arange(len(near.group_M)))
    pairs = {
        "left": signals["media_id"].gather(np.concatenate([near.group_M[copies], near.left_P])),
        "right": signals["media_id"].gather(np.concatenate([copies, near.right_P])),
        "distance": np.concatenate([np.zeros(len(copies), np.int64), near.distance_P]),
    }
    return pl.DataFrame(pairs).sort("left", "right")


def find(signals: pl.DataFrame, max_distance: int) -> Near:
    """As `near_pictures`, by their numbers in `signals`."""
    if not 0 <= max_distance <= MOST:
        raise ValueError(f"a search reaches 0 to {MOST} bits of 256, not {max_distance}")
    known = _known(signals)
    group_M = known["group"].to_numpy().astype(np.int64)
    first = known.filter((pl.col("group") == pl.col("number")) & pl.col("informative").fill_null(False))
    number_N = first["number"].to_numpy().astype(np.int64)
    text_N = first["text"].rank("dense").fill_null(0).to_numpy()
    hash_N32, inner_N32 = (_bytes(first[name], hashing.BYTES) for name in ("hash", "inner"))
    unfitted, framed = max_distance * 3 // 4, max_distance * 3 // 5
    left, right, distance = _direct((hash_N32, framed), (inner_N32, unfitted))
    cut, whole, guessed, window = _guesses(first["small"], inner_N32)
    # A pair is fitted if neither its hashes, nor its texts, nor the guess itself have decided it.
    fresh = ~np.isin(_pair(cut, whole, len(first)), _pair(left, right, len(first))) & ~_differ(text_N, cut, whole)
    unsure = fresh & (guessed > unfitted)
    guessed[unsure] = _fitted(first["small"], cut[unsure], whole[unsure], window[unsure])
    near = fresh & (guessed <= max_distance)
    left, right = np.concatenate([left, cut[near]]), np.concatenate([right, whole[near]])
    distance = np.concatenate([distance, guessed[near]])
    same = ~_differ(text_N, left, right)
    left, right, distance = _smallest(left[same], right[same], distance[same], len(first))
    return Near(group_M, number_N[left], number_N[right], distance)


def _known(signals: pl.DataFrame) -> pl.DataFrame:
    """Pictures with `number`, their text as it is compared, and `group`, the number of the first that is the same."""
    text = signals["text"] if "text" in signals.columns else pl.Series([None] * signals.height, dtype=pl.String)
    plain = pl.DataFrame({"text": text}).select(
        pl.when(pl.col("text").str.contains(r"[\p{L}\p{N}]")).then(normalized(pl.col("text")))
    )["text"]
    there = signals.with_columns(text=plain).with_row_index("number")
    alone = pl.col("pixels").is_null()
    there = there.with_columns(
        same=pl.when(alone).then("number").otherwise(pl.col("number").first().over("pixels")),
        text=pl.when(~alone).then(pl.col("text").drop_nulls().first().over("pixels")),
    )
    # Of pictures with equal hashes and text too, the first stands for all; a flat one stands for its own pixels only.
    alike = pl.col("same").first().over("hash", "inner", "text")
    return there.with_columns(group=pl.when(pl.col("informative").fill_null(False)).then(alike).otherwise("same"))


def _direct(*radius_of: tuple[np.ndarray, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from corpus.pictures.search import within

    found = [within(hash_N32, hash_N32, radius) for hash_N32, radius in radius_of]
    left, right, distance = (np.concatenate(parts) for parts in zip(*found, strict=True))
    once = left < right
    return _smallest(left[once], right[once], distance[once], len(radius_of[0][0]))


def _guesses(small: pl.Series, inner_N32: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Which picture is like which other one, how far apart, and under which window: the nearest, either way."""
    from corpus.pictures.search import within

    nothing = np.zeros(0, np.int64)
    found: list[tuple[np.ndarray, ...]] = [(nothing, nothing, nothing, nothing)]
    for at in range(0, len(small), _PICTURES):
        cut_WN32 = cut_hashes(_cells(small[at : at + _PICTURES]))
        query, whole, distance = within(cut_WN32.reshape(-1, hashing.BYTES), inner_N32, REACH, apart=1)
        window, cut = np.divmod(query, cut_WN32.shape[1])
        other = cut + at != whole
        found.append((cut[other] + at, whole[other], distance[other], window[other]))
    cut, whole, distance, window = (np.concatenate(parts) for parts in zip(*found, strict=True))
    key = _pair(cut, whole, len(small))
    order = np.lexsort((window, distance, key))
    best = order[np.flatnonzero(np.diff(key[order], prepend=-1))]
    return cut[best], whole[best], distance[best], window[best]


def _fitted(small: pl.Series, cut: np.ndarray, whole: np.ndarray, window: np.ndarray) -> np.ndarray:
    if not len(cut):
        return np.zeros(0, np.int64)
    from corpus.pictures.align import aligned

    used = np.unique(np.concatenate([cut, whole]))
    cells = _cells(small.gather(used))
    return aligned(cells, np.searchsorted(used, cut), np.searchsorted(used, whole), WINDOWS_W4[window])


def _pair(one: np.ndarray, other: np.ndarray, count: int) -> np.ndarray:
    """A number for each pair, whatever the order of its ends."""
    return np.minimum(one, other) * count + np.maximum(one, other)  # type: ignore[no-any-return]


def _smallest(
    left: np.ndarray, right: np.ndarray, distance: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each pair once, the smaller number left, at its smallest distance."""
    key = _pair(left, right, count)
    order = np.lexsort((distance, key))
    order = order[np.flatnonzero(np.diff(key[order], prepend=-1))]
    return np.minimum(left, right)[order], np.maximum(left, right)[order], distance[order]


def _differ(text_N: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Whether both texts are known, and not the same; 0 stands for one that is not known."""
    return (text_N[one] != text_N[other]) & (text_N[one] > 0) & (text_N[other] > 0)  # type: ignore[no-any-return]


def _bytes(column: pl.Series, size: int) -> np.ndarray:
    return np.frombuffer(b"".join(column), np.uint8).reshape(-1, size)


def _cells(small: pl.Series) -> np.ndarray:
    return _bytes(small, hashing.SIDE**2).reshape(-1, hashing.SIDE, hashing.SIDE)
