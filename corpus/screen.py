"""The keyword screen for sexual content about minors: what it matches is dropped at ingest, whatever its source.

It looks for a word for minors and a sexual word close to each other, in the languages of the sets we know, after
compatibility forms and invisible characters are gone. The words are data (`screen.yaml`). It would rather drop too much
than too little.
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


def _near(*, minors: list[str], sexual: list[str], alone: list[str], edge: str, distance: int) -> str:
    young, bad = (f"{edge}(?:{'|'.join(words)}){edge}" for words in (minors, sexual))
    gap = f"(?s:.{{0,{distance}}}?)"
    pairs = [f"{young}{gap}{bad}", f"{bad}{gap}{young}"]
    return f"(?:{'|'.join([*pairs, *(f'{edge}(?:{word})' for word in alone)])})"


def version() -> str:
    """Digest of the words, for the fingerprint of a stage that screens."""
    return digest(_words())


@cache
def patterns() -> list[tuple[str, str, str]]:
    """Per language two quick patterns, both of which a text must hold before the third, exact one is worth its price.

    A bounded gap and word edges are slow for an engine that keeps its time linear; bare words are not.
    """
    return [
        ("|".join(words["minors"] + words["alone"]), "|".join(words["sexual"] + words["alone"]), _near(**words))
        for words in _words().values()
    ]


def matches(text: pl.Series, *, pattern: str | None = None) -> pl.Series:
    """Whether each text must be dropped.

    Args:
        text: Prompt and response together.
        pattern: Another pattern than the one that ships, matched without regard to case.

    Returns:
        Boolean series of the same length; a null text is no match.
    """
    plain = text.cast(pl.String).str.normalize("NFKC").str.replace_all(INVISIBLE, "").fill_null("")
    if pattern is not None:
        return plain.str.contains(f"(?i:{pattern})")
    hit = pl.zeros(len(plain), dtype=pl.Boolean, eager=True)
    for young, bad, exact in patterns():
        suspects = plain.str.contains(f"(?i:{bad})").arg_true()
        suspects = suspects.filter(plain.gather(suspects).str.contains(f"(?i:{young})"))
        if suspects.is_empty():
            continue
        found = suspects.filter(plain.gather(suspects).str.contains(f"(?i:{exact})"))
        hit = hit.scatter(found, True)
    return hit
