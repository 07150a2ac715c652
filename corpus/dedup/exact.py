"""Exact copies: the same prompt, reply and pictures once what does not matter is normalised away."""

import polars as pl

from corpus.normalize import normalized


def exact_duplicates(batch: pl.DataFrame) -> pl.DataFrame:
    """Rows that are copies of one that stays.

    A text that normalises to nothing is nobody's copy unless it is the very same sample.

    Args:
        batch: `BATCH` columns with prompt, response and images (`catalog.with_text`); `row`, a number of its own for
            every row; `rank`, lower where a row is preferred (`keep_rank`). With `looks` (`with_looks`), pictures are
            the same that show the same pixels; else they are the same only file by file.

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


def with_looks(batch: pl.DataFrame, pictures: pl.DataFrame) -> pl.DataFrame:
    """Add `looks`: for every picture of a row the digest of its pixels, or its `media_id` where that is not known.

    Args:
        batch: With `images`.
        pictures: `media_id` and `pixels`, as `corpus.pictures.signals` gives them.
    """
    known = pictures.drop_nulls("pixels").unique("media_id")
    looks = pl.element().replace(known["media_id"], known["pixels"])
    return batch.with_columns(looks=pl.col("images").list.eval(looks))


def _keyed(batch: pl.DataFrame) -> pl.DataFrame:
    """Rows with their content key. Without a letter or digit, a row is a copy of the very same sample only."""
    parts = [normalized(pl.col(name)).fill_null("") for name in ("prompt", "response")]
    shown = pl.col("looks" if "looks" in batch.columns else "images").list.join(" ")
    content = pl.concat_str(*parts, shown, separator="\x1f")
    silent = ~content.str.contains(r"[\p{L}\p{N}]")
    return batch.with_columns(key=pl.when(silent).then("sample_id").otherwise(content))
