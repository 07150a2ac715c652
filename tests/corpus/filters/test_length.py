"""Characters are counted, not bytes, and a bound keeps what stands on it."""

import polars as pl

from corpus.filters import length


def reasons(texts, **options):
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
    return frame.select(length(pl.col("text"), **options).alias("why"))["why"].to_list()


def test_length_counts_characters_not_bytes():
    assert reasons(["锁", "锁匠", " a ", None], min_chars=2) == ["too_short", None, "too_short", "too_short"]
    assert reasons(["x" * 10, "锁" * 11], max_chars=10) == [None, "too_long"]
