"""Which rows hold an item of an exam: text by containment or meaning, pictures by hash."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from corpus.decontaminate.hashing import tokens
from corpus.decontaminate.index import MIN_OWN, Index, Section
from corpus.decontaminate.match import search

OCR = "ocr"
TEXTS = ("prompt", "response", OCR)
BLOCK = 4_000_000  # bytes of text in hand at a time: bounds memory, changes no result

HITS = pl.Schema(
    {
        "sample_id": pl.String,
        "column": pl.String,  # the text column, or `images`
        "exam": pl.String,
        "item_id": pl.String,
        "kind": pl.String,  # verbatim, near, ocr, picture or embedding
        "containment": pl.Float64,  # share of the item that the row holds; null where kind is picture or embedding
        "similarity": pl.Float64,  # of the pictures, or cosine of the embeddings; null for the others
        "start": pl.Int64,  # first code point of the match in the text of the column
        "end": pl.Int64,  # one past the last
    }
)


def find(
    rows: pl.DataFrame,
    index: Index,
    *,
    signals: pl.DataFrame | None = None,
    embeddings: Path | None = None,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> pl.DataFrame:
    """Items of exams in rows.

    What is found in a row depends on nothing but the row and the index. Memory is that of `BLOCK` and of the hits.

    Args:
        rows: `sample_id` and some of the text columns `TEXTS`; `images`, lists of media_id, where there are `signals`.
            What is found in `ocr` is of that kind.
        index: From `corpus.decontaminate.index`.
        signals: What is known of the pictures (`corpus.pictures.signals`), with their `text` where that is known;
            without it, no picture is looked at.
        embeddings: Folder of sentence vectors; without it, meaning is not compared. Takes some ms for each new text.
        tick: Told how many rows are done, and how many there are; then the same of new texts that get a vector.

    Returns:
        Columns `HITS`: one row for each item in each column, in the order of the rows, columns and exams. An item that
        is found in a text by containment is not told again by its meaning.

    Raises:
        ValueError: If there is nothing to read, or no `sample_id`.
    """
    chosen = [name for name in TEXTS if name in rows.columns]
    wanted = ["sample_id", *chosen, *(["images"] if signals is not None else [])]
    if not (chosen or signals is not None) or not set(wanted) <= set(rows.columns):
        expected = ", ".join(wanted if chosen else ("sample_id", *TEXTS))
        raise ValueError(f"expected the columns {expected}; there are: {', '.join(rows.columns)}")
    found = []
    for first, last in _blocks(rows.select(chosen)) if chosen else ():
        for name in chosen:
            found += [part.with_columns(column=pl.lit(name)) for part in _in_text(rows[name][first:last], first, index)]
        tick(last, rows.height)
    if embeddings is not None:
        found += [_by_meaning(rows[name], index, embeddings, tick).with_columns(column=pl.lit(name)) for name in chosen]
    if signals is not None:
        found.append(_by_picture(rows["images"], index, signals))
    places = pl.concat([_PLACES.to_frame(), *(part.select(_PLACES.names()) for part in found)])
    return _told(places, rows, index, [*chosen, "images"])


_PLACES = pl.Schema(
    {
        "row": pl.Int64,
        "item": pl.Int64,
        "kind": pl.String,
        "containment": pl.Float64,
        "similarity": pl.Float64,
        "start": pl.Int64,
        "end": pl.Int64,
        "column": pl.String,
    }
)


def _blocks(texts: pl.DataFrame) -> Iterator[tuple[int, int]]:
    """First and one past the last row of runs of rows that have about `BLOCK` bytes of text each."""
    size_D = texts.select(pl.sum_horizontal(pl.all().str.len_bytes().fill_null(0)).cast(pl.Int64)).to_series()
    run_D = ((size_D.cum_sum() - size_D) // BLOCK).to_numpy()
    yield from pairwise([*np.flatnonzero(np.diff(run_D, prepend=-1)).tolist(), len(run_D)])


def _in_text(text: pl.Series, offset: int, index: Index) -> Iterator[pl.DataFrame]:
    by_key: dict[tuple[int, int], list[Section]] = {}
    for section in index.sections:
        by_key.setdefault((int(section.key[0]), int(section.key[1])), []).append(section)
    for sections in by_key.values():
        made = tokens(text, sections[0].key)
        for section in sections:
            place_H5, share_H = search(made.hash_T, made.first_D, section.n, *section.key, section.table, MIN_OWN)
            yield pl.DataFrame(
                {
                    "row": place_H5[:, 0] + offset,
                    "item": section.item_I[place_H5[:, 1]],
                    "containment": share_H,
                    "start": made.start_T[place_H5[:, 2]],
                    "end": made.end_T[place_H5[:, 3] - 1],
                    "whole": place_H5[:, 4] == 1,
                }
            ).with_columns(
                kind=pl.when("whole").then(pl.lit("verbatim")).otherwise(pl.lit("near")),
                similarity=pl.lit(None, pl.Float64),
            )


def _by_meaning(text: pl.Series, index: Index, folder: Path, tick: Callable[[int, int], None]) -> pl.DataFrame:
    from corpus.decontaminate.meaning import find_meaning

    found = find_meaning(text, index, folder=folder, tick=tick).rename({"cosine": "similarity"})
    return _without_place(found.with_columns(kind=pl.lit("embedding")))


def _by_picture(images: pl.Series, index: Index, signals: pl.DataFrame) -> pl.DataFrame:
    from corpus.decontaminate.pictures import BITS, find_pictures

    shown = images.to_frame("media_id").with_row_index("row").explode("media_id").cast({"row": pl.Int64})
    found = shown.join(find_pictures(signals, index), on="media_id")
    nearest = found.group_by("row", "item").agg(similarity=1 - pl.col("distance").min() / BITS)
    return _without_place(nearest.with_columns(kind=pl.lit("picture"), column=pl.lit("images")))


def _without_place(found: pl.DataFrame) -> pl.DataFrame:
    empty = {name: pl.lit(None, kind) for name, kind in _PLACES.items() if name in ("containment", "start", "end")}
    return found.with_columns(**empty)


def _told(places: pl.DataFrame, rows: pl.DataFrame, index: Index, columns: list[str]) -> pl.DataFrame:
    first = places.unique(["row", "column", "item"], keep="first", maintain_order=True)
    ordered = first.sort("row", pl.col("column").cast(pl.Enum(columns)), "item")
    items = index.items[ordered["item"]]
    kind = pl.when((pl.col("column") == OCR) & (pl.col("kind") != "embedding")).then(pl.lit(OCR)).otherwise("kind")
    return ordered.with_columns(
        sample_id=rows["sample_id"].gather(ordered["row"]), exam=items["exam"], item_id=items["item_id"], kind=kind
    ).select(HITS.names())
