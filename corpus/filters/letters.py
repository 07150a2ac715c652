"""Words that hold a letter: what tells prose from tables of numbers, in any script."""

import polars as pl

from corpus.normalize import UNSPACED

# Scripts written without spaces: each of their characters stands for a word, as each Han character does for a reader
# who counts. Marks belong to the character before them, punctuation to nobody.
_LETTER = rf"[\p{{L}}--[{UNSPACED}]]"
_PART = rf"[\p{{L}}\p{{M}}\p{{N}}--[{UNSPACED}]]"
_REST = rf"(?:['’.,:/_+\-]?{_PART}+)*"  # don't, 3.14, 12:30, e-mail: one word each
WORD = rf"[{UNSPACED}]|{_PART}+{_REST}"
# From its first letter on, so that digits before it need no look ahead: one match for each word that has a letter.
LETTERED = rf"[{UNSPACED}]|{_LETTER}{_PART}*{_REST}"


def words(text: pl.Expr) -> pl.Expr:
    """Number of words: runs of letters and digits, and each character of a script that has no spaces.

    Args:
        text: String column. Null stays null.
    """
    return text.str.count_matches(WORD)


def word_letter_ratio(text: pl.Expr) -> pl.Expr:
    """Share (0 to 1) of a text's words that hold a letter; null for a text without words.

    Args:
        text: String column. Null stays null.
    """
    total = words(text)
    return pl.when(total > 0).then(text.str.count_matches(LETTERED) / total)


def words_with_letter(text: pl.Expr, *, min_ratio: float) -> pl.Expr:
    """Say why a text is rejected for its words; null keeps it, and so does a text without words.

    Args:
        text: String column. Null counts as empty.
        min_ratio: Smallest share (0 to 1) of words with a letter that is kept.

    Returns:
        String expression: ``"few_words_with_letter"`` or null.
    """
    return pl.when(word_letter_ratio(text) < min_ratio).then(pl.lit("few_words_with_letter"))
