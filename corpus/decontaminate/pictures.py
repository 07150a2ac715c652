"""Pictures of exams among pictures of rows: near by their hashes, as they are, without borders, or cut a little.

Axes: E pictures of exams, M pictures of rows, P pairs, W windows.
"""

import re
import unicodedata
from collections import Counter

import numpy as np
import polars as pl

from corpus.decontaminate.index import Index, frame_bound
from corpus.pictures.align import aligned
from corpus.pictures.cuts import WINDOWS_W4, cut_hashes
from corpus.pictures.hashing import BYTES, SIDE
from corpus.pictures.near import MAX_DISTANCE, REACH
from corpus.pictures.search import within

BITS = 8 * BYTES
MIN_SAME_TEXT = 0.6  # share of what is own to the text of an item that the other text has, in runs of 3 characters
_AT_A_TIME = 4096  # pictures whose cuts are hashed together

MATCHES = pl.Schema({"media_id": pl.String, "item": pl.Int64, "distance": pl.Int64})


def find_pictures(signals: pl.DataFrame, index: Index) -> pl.DataFrame:
    """Pictures that show what a picture of an exam shows: at most `MAX_DISTANCE` bits of 256 differ.

    Pages of text look alike to a hash, so two pictures that are known to show different texts are no match.

    Args:
        signals: As `corpus.pictures.signals` makes it, one row for each picture. A picture that is flat or cannot be
            opened is like no other. With a column `text`, what is known to stand in the pictures; null, or fewer than 3
            letters and digits, is not known.
        index: From `corpus.decontaminate.index`.

    Returns:
        `media_id`, `item` (its place in `index.items`) and `distance`, the smallest of all that were tried. Cuts are
        tried against exams that are not salted, which alone hold more than the hash.
    """
    exams = index.items.with_row_index("item").filter(pl.col("picture").is_not_null())
    clear = signals.filter(pl.col("informative").fill_null(False)).unique("media_id", keep="first", maintain_order=True)
    found = [MATCHES.to_frame()]
    if exams.height:
        for part in clear.iter_slices(_AT_A_TIME):
            for ours, theirs in (("picture", "hash"), ("inner", "inner")):
                one, other, distance = within(_bytes(exams[ours]), _bytes(part[theirs]), MAX_DISTANCE)
                found.append(_named(exams["item"].gather(one), part["media_id"].gather(other), distance))
            found.append(_cut(exams.filter(pl.col("small").is_not_null()), part))
    nearest = pl.concat(found).group_by("media_id", "item").agg(pl.col("distance").min())
    return _with_the_same_text(nearest, signals, index).sort("item", "media_id")


def _with_the_same_text(found: pl.DataFrame, signals: pl.DataFrame, index: Index) -> pl.DataFrame:
    if "text" not in signals.columns or found.is_empty():
        return found
    ours = _own_pieces(index.items)
    theirs = {name: _pieces(text) for name, text in signals.select("media_id", "text").iter_rows() if text}
    same = [
        not (own := ours.get(item)) or not (other := theirs.get(name)) or len(own & other) >= MIN_SAME_TEXT * len(own)
        for name, item in found.select("media_id", "item").iter_rows()
    ]
    return found.filter(pl.Series(same, dtype=pl.Boolean))


def _own_pieces(items: pl.DataFrame) -> dict[int, set[str]]:
    """Of each item that is known to show a text, its pieces without those that are frame, unless all of them are."""
    found: dict[int, set[str]] = {}
    for part in items.with_row_index("item").drop_nulls("shown").partition_by("exam"):
        pieces = {item: _pieces(text) for item, text in part.select("item", "shown").iter_rows()}
        met = Counter(piece for own in pieces.values() for piece in own)
        most = frame_bound(len(pieces))
        found |= {item: {piece for piece in own if met[piece] <= most} or own for item, own in pieces.items()}
    return found


def _pieces(text: str) -> set[str]:
    """Runs of 3 letters or digits: readers of pictures lose spaces and punctuation."""
    plain = "".join(re.findall(r"[^\W_]", unicodedata.normalize("NFKC", text).casefold()))
    return {plain[at : at + 3] for at in range(len(plain) - 2)}


def _cut(exams: pl.DataFrame, part: pl.DataFrame) -> pl.DataFrame:
    """Pairs of which one is a cut of the other: guessed by the hashes of small cuts, then fitted."""
    if exams.is_empty():
        return MATCHES.to_frame()
    guesses: list[tuple[np.ndarray, ...]] = []
    for number, (cut_E32, cut_M32) in enumerate(
        zip(cut_hashes(_cells(exams["small"])), cut_hashes(_cells(part["small"])), strict=True)
    ):
        one, other, distance = within(cut_E32, _bytes(part["inner"]), REACH)
        guesses.append((one, other, distance, np.full(len(one), number), np.zeros(len(one), bool)))
        other, one, distance = within(cut_M32, _bytes(exams["inner"]), REACH)
        guesses.append((one, other, distance, np.full(len(one), number), np.ones(len(one), bool)))
    columns = ("one", "other", "distance", "window", "flipped")
    best = (
        pl.concat([pl.DataFrame(dict(zip(columns, guess, strict=True))) for guess in guesses])
        .sort(columns)
        .unique(["one", "other"], keep="first", maintain_order=True)
    )
    one, other, flipped = (best[name].to_numpy() for name in ("one", "other", "flipped"))
    found = [MATCHES.to_frame()]
    for first in range(0, len(best), _AT_A_TIME):
        at = slice(first, first + _AT_A_TIME)
        cells = np.concatenate([_cells(exams["small"].gather(one[at])), _cells(part["small"].gather(other[at]))])
        left = np.arange(len(one[at]))
        right = left + len(left)
        cut, whole = np.where(flipped[at], right, left), np.where(flipped[at], left, right)
        distance = aligned(cells, cut, whole, WINDOWS_W4[best["window"].to_numpy()[at]])
        near = np.flatnonzero(distance <= MAX_DISTANCE)
        ids = part["media_id"].gather(other[at][near])
        found.append(_named(exams["item"].gather(one[at][near]), ids, distance[near]))
    return pl.concat(found)


def _named(item: pl.Series, media_id: pl.Series, distance: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"media_id": media_id, "item": item.cast(pl.Int64), "distance": distance.astype(np.int64)})


def _bytes(column: pl.Series) -> np.ndarray:
    return np.frombuffer(b"".join(column), np.uint8).reshape(-1, BYTES)


def _cells(column: pl.Series) -> np.ndarray:
    return np.frombuffer(b"".join(column), np.uint8).reshape(-1, SIDE, SIDE)
