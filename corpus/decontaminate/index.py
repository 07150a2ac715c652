"""All exams as arrays that one pass over the rows is held against; built once, and given to workers.

Axes: I items, S runs without a hole of all items in order, K their tokens, R all runs, G distinct runs.
"""

from typing import NamedTuple

import numpy as np
import polars as pl

from corpus.decontaminate.exam import Exam, key_of
from corpus.decontaminate.hashing import Key
from corpus.decontaminate.table import Table, slots

MIN_CONTAINMENT = 0.65  # share of an item at which a row holds it
MIN_SHORT = 0.8  # the same for items of fewer than SHORT tokens, which resemble each other sooner
SHORT = 20
MIN_OWN = 0.5  # share of what is not frame that must be there too
EVERY = 8  # an edit in so many tokens is expected: of the runs without a hole, the others are left
FRAME = (2, 10)  # a run in more items than a tenth of the exam, and than these bounds, is frame

UNCHECKED = {"exam": pl.String, "item_id": pl.String, "part": pl.String, "reason": pl.String}


class Section(NamedTuple):
    """Items of one key and one length of runs; `item_I` are their places in `Index.items`."""

    key: Key
    n: int
    table: Table
    item_I: np.ndarray


class Index(NamedTuple):
    """What `find` looks for.

    `items` has `exam`, `item_id`, `text`, `picture`, `inner`, `small` and `shown`; `unchecked` the parts of items that
    nothing can find.
    """

    sections: list[Section]
    items: pl.DataFrame
    unchecked: pl.DataFrame


class _Items(NamedTuple):
    item_I: np.ndarray
    size_I: np.ndarray  # runs without a hole
    whole_only_I: np.ndarray
    count_I: np.ndarray  # all runs
    run_R: np.ndarray
    place_R: np.ndarray  # of the first token in the item
    hole_R: np.ndarray
    common_S: np.ndarray


def index(exams: list[Exam]) -> Index:
    """An index of exams.

    Args:
        exams: At least one; each has its own name.

    Raises:
        ValueError: If there is no exam, or two have one name.
    """
    names = [one.name for one in exams]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"expected exams, each with its own name; there are: {', '.join(names) or 'none'}")
    items = pl.concat([_told_apart(one.items).with_columns(exam=pl.lit(one.name)) for one in exams])
    items = items.with_row_index("item")
    sections: dict[tuple[bytes, int], list[_Items]] = {}
    for one in exams:
        mine = items.filter((pl.col("exam") == one.name) & pl.col("runs").is_not_null())
        # The same text twice is looked for once, under its first id.
        distinct = mine.with_columns(key=pl.col("runs").hash()).unique(["n", "key"], keep="first", maintain_order=True)
        for n, part in sorted(distinct.partition_by("n", as_dict=True).items()):
            sections.setdefault((one.salt, int(n[0])), []).append(_arrays(part, int(n[0]), distinct.height))
    made = [_section(salt, n, parts) for (salt, n), parts in sections.items()]
    reasons = [
        items.filter(pl.col(f"{part}_unchecked").is_not_null()).select(
            "exam", "item_id", part=pl.lit(part), reason=f"{part}_unchecked"
        )
        for part in ("text", "picture")
    ]
    kept = items.select("exam", "item_id", "text", "picture", "inner", "small", "shown")
    return Index(made, kept, pl.concat([pl.DataFrame(schema=UNCHECKED), *reasons]))


def frame_bound(items: int) -> int:
    """In how many of so many items a piece of text may stand that is not their frame."""
    return min(max(items // 10, FRAME[0]), FRAME[1])


def _told_apart(items: pl.DataFrame) -> pl.DataFrame:
    """A text that several pictures share (`What is shown here?`) does not tell their items apart: the pictures do."""
    shared = pl.col("picture").is_not_null() & pl.col("runs").is_not_null() & (pl.len().over("_text") > 1)
    return (
        items.with_columns(_text=pl.col("runs").hash())
        .with_columns(_shared=shared)
        .with_columns(
            runs=pl.when(~pl.col("_shared")).then("runs"),
            text_unchecked=pl.when("_shared").then(pl.lit("shared_text")).otherwise("text_unchecked"),
        )
        .drop("_text", "_shared")
    )


def _arrays(items: pl.DataFrame, n: int, distinct: int) -> _Items:
    whole_only_I = items["whole_only"].to_numpy()
    count_I = items["runs"].list.len().to_numpy().astype(np.int64)
    # Of t tokens there are t - n + 1 runs without a hole, and t - n with each.
    size_I = (count_I - 1) // np.where(whole_only_I, 1, n) + 1
    item_R, size_R = np.repeat(np.arange(len(count_I)), count_I), np.repeat(size_I, count_I)
    nth_R = np.arange(len(item_R)) - np.repeat(np.cumsum(count_I) - count_I, count_I)
    holed_R = nth_R >= size_R
    each_R = np.maximum(size_R - 1, 1)
    hole_R = np.where(holed_R, (nth_R - size_R) // each_R + 1, 0)
    place_R = np.where(holed_R, (nth_R - size_R) % each_R, nth_R)
    run_R = items["runs"].explode().to_numpy()
    pair = pl.DataFrame({"run": run_R[~holed_R], "item": item_R[~holed_R]})
    common_S = (pair.select(pl.col("item").n_unique().over("run")) > frame_bound(distinct)).to_numpy()[:, 0]
    item_I = items["item"].to_numpy().astype(np.int64)
    return _Items(item_I, size_I, whole_only_I, count_I, run_R, place_R, hole_R, common_S)


def _section(salt: bytes, n: int, parts: list[_Items]) -> Section:
    whole = _Items(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    items, size_I = np.arange(len(whole.size_I)), whole.size_I
    first, first_run = (np.concatenate([np.zeros(1, np.int64), np.cumsum(part)]) for part in (size_I, whole.count_I))
    item_S, item_R = np.repeat(items, size_I), np.repeat(items, whole.count_I)
    hash_G, run_R = np.unique(whole.run_R, return_inverse=True)
    run_S = run_R[whole.hole_R == 0]
    weight_K = np.ones(len(run_S) + (n - 1) * len(items), np.int32)
    place_S = np.arange(len(run_S)) + item_S * (n - 1)
    for step in range(n):
        weight_K[place_S[whole.common_S] + step] = 0
    item_K = np.repeat(items, size_I + n - 1)
    weight_I = np.bincount(item_K, weight_K, minlength=len(items)).astype(np.int64)
    # An item that is nothing but frame is known by all of it, and proposed by the rarer half of its runs.
    framed_I = weight_I == 0
    weight_K[framed_I[item_K]] = 1
    met_S = np.bincount(run_S)[run_S]
    middle_I = met_S[np.lexsort((met_S, item_S))][first[:-1] + (size_I - 1) // 2]
    proposing_S = np.where(framed_I[item_S], met_S <= middle_I[item_S], ~whole.common_S)
    posting = np.unique(np.stack([run_S[proposing_S], item_S[proposing_S]], axis=1), axis=0)
    order_R = np.lexsort((run_R, item_R))
    count_I = size_I + n - 1
    least_I = np.where(count_I < SHORT, MIN_SHORT, MIN_CONTAINMENT)
    fewest_I = np.minimum(np.ceil(least_I * count_I / n - 1e-9), size_I - n * (-(-count_I // EVERY)))
    solid_G = np.unique(run_S)
    table = Table(
        solid=slots(hash_G[solid_G], solid_G),
        every=slots(hash_G, np.arange(len(hash_G))),
        posting_first=np.searchsorted(posting[:, 0], np.arange(len(hash_G) + 1)),
        posting=posting[:, 1].astype(np.int32),
        first=first,
        run=run_S.astype(np.int32),
        first_run=first_run,
        sorted_run=run_R[order_R].astype(np.int32),
        sorted_place=whole.place_R[order_R].astype(np.int32),
        sorted_hole=whole.hole_R[order_R].astype(np.int32),
        weight=weight_K,
        needed=np.where(framed_I, 1, np.maximum(1, np.ceil(MIN_OWN * weight_I / n - 1e-9))).astype(np.int32),
        fewest=np.maximum(1, fewest_I).astype(np.int32),
        least=np.where(whole.whole_only_I, 2.0, least_I),
    )
    return Section(key_of(salt), n, table, whole.item_I)
