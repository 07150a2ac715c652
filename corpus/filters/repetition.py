"""Reject a text that says the same over and over, line by line or in one breath."""

import numpy as np
import polars as pl

GRAM = 10  # characters: longer than a common word, shorter than a sentence, in English and in Chinese


def repeated_lines(text: pl.Expr, *, max_share: float = 0.5, min_lines: int = 4) -> pl.Expr:
    """Say why a text is rejected for its repeated lines; null keeps it.

    Args:
        text: String column. Null counts as empty.
        max_share: Largest share (0 to 1) of non-empty lines that may repeat an earlier line.
        min_lines: Texts with fewer non-empty lines are kept: a share says nothing about them.

    Returns:
        String expression: ``"repeated_lines"`` or null.

    Source:
        Rae et al. 2021, arXiv 2112.11446, table A1 (duplicate line fraction).
    """
    stripped = pl.element().str.strip_chars()
    lines = text.fill_null("").str.split("\n").list.eval(stripped.filter(stripped != ""))
    repeats = lines.list.len().cast(pl.Int64) - lines.list.n_unique().cast(pl.Int64)
    too_many = (lines.list.len() >= min_lines) & (repeats > max_share * lines.list.len())
    return pl.when(too_many).then(pl.lit("repeated_lines"))


def repeated_phrases(text: pl.Series, *, max_share: float = 0.5, min_chars: int = 60) -> pl.Series:
    """Say why a text is rejected for its repeated phrases; null keeps it.

    Args:
        text: String column. Null counts as empty.
        max_share: Largest share (0 to 1) of the text's 10-character windows that may repeat an earlier one.
        min_chars: Shorter texts are kept.

    Returns:
        String column: ``"repeated_phrases"`` or null.

    Source:
        Rae et al. 2021, arXiv 2112.11446, table A1 (duplicate n-gram fractions), on characters so that it needs no
        words.
    """
    from corpus.filters.kernels import code_points, distinct_windows

    points, starts = code_points(text)
    distinct = distinct_windows(points, starts, GRAM, min_chars)
    windows = np.diff(starts) - GRAM + 1
    repeats = (distinct >= 0) & (windows - distinct > max_share * windows)
    return pl.select(pl.when(pl.Series(repeats)).then(pl.lit("repeated_phrases")).alias(text.name)).to_series()
