"""What counts as the same text: compatibility forms, case, invisible characters and white space do not matter."""

import polars as pl

INVISIBLE = r"[\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2064\uFE00-\uFE0F\uFEFF]"
TOKEN = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]|[\p{L}\p{M}\p{N}]+"


def normalized(text: pl.Expr) -> pl.Expr:
    """Text with NFKC forms, lower case, no invisible characters, and single spaces. Digits and punctuation stay.

    Args:
        text: String column. Null stays null.
    """
    return (
        text.str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_all(INVISIBLE, "")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars()
    )


def tokens(text: pl.Expr) -> pl.Expr:
    """Words of a normalised text; in scripts without spaces every character is a word. Numbers count."""
    return normalized(text).str.extract_all(TOKEN)
