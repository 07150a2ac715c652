"""Exact copies: the same prompt, reply and pictures once what does not matter is normalised away."""

import polars as pl

from corpus.normalize import normalized

ORIGINS = {"review": 0, "human": 1, "machine": 2, "construction": 2}


def keep_rank(batch: pl.DataFrame) -> pl.Series:
    """Order in which rows are preferred among copies: rank 0 stays before all others.

    Reviewed here first, then labelled by people, then by machine or construction, then unlabelled; of these the longer
    text, then the smaller sample_id, then the earlier occurrence. The order in which rows arrive does not matter.

    Args:
        batch: Columns sample_id, origin, prompt, response, source, file, line.
    """
    text = pl.col("prompt").fill_null("").str.len_chars() + pl.col("response").fill_null("").str.len_chars()
    origin = pl.col("origin").replace_strict(ORIGINS, default=len(ORIGINS), return_dtype=pl.Int64)
    ordered = (
        batch.with_row_index("_at")
        .with_columns(_origin=origin, _length=-text.cast(pl.Int64))
        .sort("_origin", "_length", "sample_id", "source", "file", "line", nulls_last=True)
    )
    return ordered.with_row_index("_rank").sort("_at")["_rank"].rename("rank")


def exact_duplicates(batch: pl.DataFrame) -> pl.DataFrame:
    """Rows that are copies of one that stays.

    A text that normalises to nothing is nobody's copy unless it is the very same sample.

    Args:
        batch: `BATCH` columns with prompt, response and images (`catalog.with_text`), and `row`, a number of its own
            for every row.

    Returns:
        `row`, `matched_id` (the sample that stays; the same id where one sample was met twice), `similarity` 1.0.
    """
    kept = pl.col("sample_id").sort_by("rank").first().over("key")
    return (
        _keyed(batch)
        .with_columns(matched_id=kept, first=pl.col("rank").min().over("key"), similarity=pl.lit(1.0))
        .filter(pl.col("rank") != pl.col("first"))
        .select("row", "matched_id", "similarity")
        .sort("row")
    )


def label_conflicts(batch: pl.DataFrame) -> pl.DataFrame:
    """Copies whose label for the same task says something else than that of the best-ranked copy.

    Args:
        batch: As in `exact_duplicates`.

    Returns:
        `row`, `sample_id`, `task`, `label`, `unsafe` of the copy, and `matched_id`, `matched_label`, `matched_unsafe`
        of the one it contradicts. A missing answer contradicts nothing.
    """
    best = [
        pl.col(name).sort_by("rank").first().over("key", "task").alias(f"matched_{name.removeprefix('sample_')}")
        for name in ("sample_id", "label", "unsafe")
    ]
    labelled = _keyed(batch).filter(pl.col("task").is_not_null()).with_columns(best)
    differs = [(pl.col(name) != pl.col(f"matched_{name}")).fill_null(False) for name in ("label", "unsafe")]
    columns = ["row", "sample_id", "task", "label", "unsafe", "matched_id", "matched_label", "matched_unsafe"]
    return labelled.filter(pl.any_horizontal(differs)).select(columns).sort("row")


def _keyed(batch: pl.DataFrame) -> pl.DataFrame:
    """Rows with their rank and content key. Without a letter or digit, a row is a copy of the very same sample only."""
    parts = [normalized(pl.col(name)).fill_null("") for name in ("prompt", "response")]
    content = pl.concat_str(*parts, pl.col("images").list.join(" "), separator="\x1f")
    silent = ~content.str.contains(r"[\p{L}\p{N}]")
    return batch.with_columns(rank=keep_rank(batch), key=pl.when(silent).then("sample_id").otherwise(content))
