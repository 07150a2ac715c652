"""Replies that answer nothing though every word may be a word: nothing said, the prompt said back, broken off."""

import polars as pl

from corpus.normalize import normalized

MIN_ECHO = 10  # letters and digits; "hello" is a fine answer to "hello"
HEAD = 60  # characters of both that are compared before the whole is

# A letter, a digit or a symbol that stands for something: an arrow, a sign of mathematics, a picture, a face made of
# punctuation. Marks of markup and of emphasis do not.
_SAYS = r"[\p{L}\p{N}\p{So}\p{Sc}\p{Sm}--[|~]]|[:;]-?[()]"
_NOT_SAID = r"[^\p{L}\p{N}]+"


def no_words(text: pl.Expr) -> pl.Expr:
    """Say why a reply is rejected as empty or bare punctuation; null keeps it.

    Args:
        text: String column of replies. Null counts as empty.

    Returns:
        String expression: ``"no_words"`` or null.
    """
    return pl.when(~text.fill_null("").str.contains(_SAYS)).then(pl.lit("no_words"))


def repeats_prompt(prompt: pl.Series, reply: pl.Series) -> pl.Series:
    """Say why a reply is rejected for saying its prompt back and nothing else, once or more often; null keeps it.

    Case, white space and punctuation do not matter. Prompts of fewer than ten letters may be said back.

    Args:
        prompt: String column.
        reply: String column of the same length. Null is no reply and is kept.

    Returns:
        String column, named like `reply`: ``"repeats_prompt"`` or null.
    """
    pairs = pl.DataFrame({"prompt": prompt, "reply": reply}).with_row_index("row")
    suspects = pairs.filter(_head("prompt") == _head("reply"), pl.col("reply").str.len_bytes() > 0)
    said = suspects.select(
        "row", *(normalized(pl.col(name)).str.replace_all(_NOT_SAID, "") for name in pairs.columns[1:])
    )
    echoes = [
        row
        for row, asked, answered in said.iter_rows()
        if len(asked) >= MIN_ECHO and answered and not answered.replace(asked, "")
    ]
    reasons = pl.repeat(None, len(reply), dtype=pl.String, eager=True).alias(reply.name)
    return reasons.scatter(echoes, "repeats_prompt")


def _head(name: str) -> pl.Expr:
    """The first letters and digits, folded: what both must share before more is read."""
    start = pl.col(name).str.slice(0, HEAD).str.to_lowercase()
    return start.str.replace_all(_NOT_SAID, "").str.slice(0, MIN_ECHO)


def cut_off(text: pl.Expr, *, min_chars: int = 200) -> pl.Expr:
    """Whether a reply stops in the middle of a sentence, as at a limit of tokens: a signal, and no reason to leave.

    Args:
        text: String column of replies. Null stays null.
        min_chars: Shorter replies are complete: nobody sets a limit below.

    Returns:
        Boolean expression: true where the last line is longer than a heading or an item of a list and ends in a
        letter, a comma or an opening bracket.
    """
    ends_open = text.str.contains(r"[^\n]{60}[\p{L}\p{M},，、(（\[:：;；]\s*$") | text.str.contains(
        r"\p{Han}[^\n]{28}[\p{Han},，、（：；]\s*$"
    )
    return ends_open & (text.str.len_chars() >= min_chars)
