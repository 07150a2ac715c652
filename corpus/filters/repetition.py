"""Reject a text that says the same over and over, line by line or in one breath."""

import zlib

import polars as pl

GRAM = 10  # characters: longer than a common word, shorter than a sentence, in English and in Chinese
WORTH_COUNTING = 0.5  # a text that zlib cannot halve does not repeat half of itself


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
    found: list[str | None] = []
    for value in text:
        repeats = value is not None and len(value) >= min_chars and _share(value) > max_share
        found.append("repeated_phrases" if repeats else None)
    return pl.Series(text.name, found, dtype=pl.String)


def _share(text: str) -> float:
    data = text.encode()
    if len(zlib.compress(data, 1)) > WORTH_COUNTING * len(data) + 20:  # the header weighs on short texts
        return 0.0
    windows = len(text) - GRAM + 1
    return 1 - len({text[i : i + GRAM] for i in range(windows)}) / windows
