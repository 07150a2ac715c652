"""Rows that ask the same about pictures that show the same."""

from collections import defaultdict

import polars as pl

from corpus.normalize import normalized
from corpus.pictures.near import MAX_DISTANCE, find

BITS = 256


def picture_duplicates(rows: pl.DataFrame, signals: pl.DataFrame, *, max_distance: int = MAX_DISTANCE) -> pl.DataFrame:
    """Rows that go because a kept row has the same prompt, the same reply, and the same pictures in the same order.

    Rows are settled by rank, and what a row resembles counts only where that row is kept: no chain takes one away. The
    same picture under another question stays, and a row without a picture is like none here.

    Args:
        rows: `row`, `sample_id`, `rank` (the smaller stays), `prompt`, `response`, and `images` (media_id, in order).
        signals: As in `near_pictures`; a picture that is not there, or could not be opened, is like itself only.
        max_distance: As in `near_pictures`.

    Returns:
        `row`, `matched_id` (sample_id of the kept row whose pictures are nearest, then of the smaller rank) and
        `similarity`, 1 - distance / 256 of the two pictures that differ most; sorted by row.
    """
    texts = [normalized(pl.col(name)).fill_null("") for name in ("prompt", "response")]
    asked = (
        rows.filter(pl.col("images").list.len() > 0)
        .with_columns(pl.concat_str(*texts, pl.col("images").list.len(), separator="\x1f").alias("key"))
        .filter(pl.len().over("key") > 1)
        .sort("rank", "sample_id", "row")
    )
    shown = signals.join(asked.select(media_id=pl.col("images").explode()).unique(), on="media_id", how="semi")
    near = find(shown, max_distance)
    names = shown["media_id"].to_list()
    group = {name: names[first] for name, first in zip(names, near.group_M.tolist(), strict=True)}
    beside: dict[str, dict[str, int]] = defaultdict(dict)
    for left, right, distance in zip(
        near.left_P.tolist(), near.right_P.tolist(), near.distance_P.tolist(), strict=True
    ):
        beside[names[left]][names[right]] = beside[names[right]][names[left]] = distance
    kept: dict[tuple[str, str], list[tuple[str, list[str]]]] = defaultdict(list)
    gone = []
    for row, sample_id, key, images in asked.select("row", "sample_id", "key", "images").iter_rows():
        pictures = [group.get(name, name) for name in images]
        best: tuple[int, str] | None = None
        for first in (pictures[0], *beside.get(pictures[0], ())):
            for other_id, others in kept.get((key, first), ()):
                worst = _worst(pictures, others, beside)
                if worst is not None and (best is None or worst < best[0]):
                    best = worst, other_id
        if best is None:
            kept[key, pictures[0]].append((sample_id, pictures))
        else:
            gone.append((row, best[1], 1 - best[0] / BITS))
    schema = pl.Schema({"row": rows.schema["row"], "matched_id": pl.String(), "similarity": pl.Float64()})
    return pl.DataFrame(gone, schema=schema, orient="row").sort("row")


def _worst(ours: list[str], theirs: list[str], beside: dict[str, dict[str, int]]) -> int | None:
    """The largest distance of two pictures in the same place; None where two are not near."""
    worst = 0
    for one, other in zip(ours, theirs, strict=True):
        distance = 0 if one == other else beside.get(one, {}).get(other)
        if distance is None:
            return None
        worst = max(worst, distance)
    return worst
