"""What counts as the same text: compatibility forms, case, invisible characters and white space do not matter."""

import polars as pl

# Format characters, joiners, fillers and variation selectors: they take no room on the screen.
INVISIBLE = r"[\p{Cf}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"


# Scripts that are written without spaces, for a class of characters: there, every character is a token.
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Tibetan}\p{Myanmar}\p{Khmer}"


def normalized(text: pl.Expr) -> pl.Expr:
    """Text with NFKC forms, lower case, no invisible characters, and single spaces. Digits and punctuation stay.

    Args:
        text: String column. Null stays null.

    Returns:
        String expression; to normalise it again changes nothing.
    """
    # Removing a character can bring an accent to its letter, and folding one can lay an invisible one bare.
    plain = text.str.replace_all(INVISIBLE, "").str.normalize("NFKC").str.to_lowercase()
    settled = plain.str.replace_all(INVISIBLE, "").str.normalize("NFKC").str.to_lowercase().str.normalize("NFKC")
    return settled.str.replace_all(r"\s+", " ").str.strip_chars()
