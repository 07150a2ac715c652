"""How much of a text is insult and profanity, by a short lexicon: a signal, and never a reason to leave.

It says what words stand there and not what is meant: a harmful request is often polite, and a quotation is none.
"""

import re
from functools import cache
from pathlib import Path

import polars as pl
import yaml

from corpus.filters.letters import words

WORDS = Path(__file__).with_name("toxicity.yaml")


@cache
def lexicon() -> dict[str, list[str]]:
    """Entries for each language."""
    return yaml.safe_load(WORDS.read_text(encoding="utf-8"))


@cache
def _exact() -> str:
    # ASCII word edges, so that a Chinese character beside an English word does not hide it; the longest entry first.
    english = "|".join(re.escape(word).replace(r"\*", "[a-z]*").replace(r"\ ", " +") for word in _longest("en"))
    return rf"(?i)(?-u:\b)(?:{english})(?-u:\b)|{'|'.join(map(re.escape, _longest('zh')))}"


def _longest(tongue: str) -> list[str]:
    return sorted(lexicon()[tongue], key=len, reverse=True)


@cache
def _quick() -> list[str]:
    return [word.rstrip("*").split(" ")[0] for words_of in lexicon().values() for word in words_of]


def toxicity(text: pl.Series) -> pl.Series:
    """Share (0 to 1) of each text's words that stand in the lexicon.

    Each Chinese character is a word, as in `letters.words`.

    Args:
        text: String column.

    Returns:
        Float column; null for null and for a text without words.
    """
    frame = text.alias("text").to_frame()
    suspect = frame.select(pl.col("text").str.contains_any(_quick(), ascii_case_insensitive=True))["text"]
    total = frame.select(words(pl.col("text")).cast(pl.Float64))["text"]
    rows = suspect.arg_true()
    found = frame.select(words(pl.col("text").gather(rows).str.extract_all(_exact()).list.join(" ")))["text"]
    hits = pl.zeros(len(text), dtype=pl.Float64, eager=True).scatter(rows, found.cast(pl.Float64))
    # Two entries that a dot joins are one word of the text: never more than all of it.
    return pl.select(pl.when(total > 0).then(pl.min_horizontal(hits / total, 1.0)).alias(text.name)).to_series()
