"""The keyword screen for sexual content about minors: what it matches is dropped at ingest, whatever its source.

It looks for a word for minors and a sexual word close to each other, in English and Chinese, after compatibility forms
and invisible characters are gone. The words are data (`screen.yaml`). It would rather drop too much than too little.
"""

from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from catalog.ids import digest
from corpus.normalize import INVISIBLE

WORDS = Path(__file__).with_name("screen.yaml")


@cache
def _words() -> dict[str, dict[str, Any]]:
    return yaml.safe_load(WORDS.read_text(encoding="utf-8"))


@cache
def shipped() -> str:
    """The pattern that ships with the project, in the syntax of the linear-time regex engine of polars."""
    return "|".join(_near(**words) for words in _words().values())


def _near(*, minors: list[str], sexual: list[str], alone: list[str], edge: str, distance: int) -> str:
    young, bad = (f"{edge}(?:{'|'.join(words)}){edge}" for words in (minors, sexual))
    gap = f"(?s:.{{0,{distance}}}?)"
    return f"(?:{young}{gap}{bad}|{bad}{gap}{young}|{edge}(?:{'|'.join(alone)}))"


def version() -> str:
    """Digest of the words, for the fingerprint of a stage that screens."""
    return digest(_words())


def matches(text: pl.Series, *, pattern: str | None = None) -> pl.Series:
    """Whether each text must be dropped.

    Args:
        text: Prompt and response together.
        pattern: Another pattern than the one that ships, matched without regard to case.

    Returns:
        Boolean series of the same length; a null text is no match.
    """
    plain = text.cast(pl.String).str.normalize("NFKC").str.replace_all(INVISIBLE, "")
    return plain.str.contains(f"(?i:{pattern or shipped()})").fill_null(False)
