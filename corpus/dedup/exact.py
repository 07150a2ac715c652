"""Exact copies: the same prompt, reply and pictures once what does not matter is normalised away."""

import polars as pl

from corpus.normalize import normalized

ORIGINS = ("human", "machine", "construction")


def keep_rank(batch: pl.DataFrame) -> pl.Series:
    """Order in which rows are preferred among copies: rank 0 stays before all others.

    Labelled by people first, then by machines, then by construction, then unlabelled; of these the longer text, then
    the smaller sample_id, then the earlier occurrence. The order in which rows arrive does not matter.

    Args:
        batch: Columns sample_id, origin, prompt, response, source, file, line.
    """
    text = pl.col("prompt").fill_null("").str.len_chars() + pl.col("response").fill_null("").str.len_chars()
    origin = pl.col("origin").replace_strict({o: i for i, o in enumerate(ORIGINS)}, default=len(ORIGINS))
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
    parts = [normalized(pl.col(name)).fill_null("") for name in ("prompt", "response")]
    content = pl.concat_str(*parts, pl.col("images").list.join(" "), separator="\x1f")
    silent = ~content.str.contains(r"[\p{L}\p{N}]")
    ranked = batch.with_columns(rank=keep_rank(batch), key=pl.when(silent).then("sample_id").otherwise(content))
    kept = pl.col("sample_id").sort_by("rank").first().over("key")
    return (
        ranked.with_columns(matched_id=kept, first=pl.col("rank").min().over("key"), similarity=pl.lit(1.0))
        .filter(pl.col("rank") != pl.col("first"))
        .select("row", "matched_id", "similarity")
        .sort("row")
    )
