"""Phrases that edits and lifts write, apart for training rows and for the rows that measure."""

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from synth.language import Language


@cache
def _book() -> dict[str, Any]:
    return yaml.safe_load(Path(__file__).with_name("phrases.yaml").read_text(encoding="utf-8"))


def phrases(kind: str, tongue: Language, *, held_out: bool) -> tuple[str, ...]:
    """All phrasings of a kind.

    Args:
        kind: Key in `phrases.yaml`.
        tongue: Language of the row.
        held_out: True for calibration and test rows; the two lists share no phrase.
    """
    return tuple(_book()[kind][tongue]["held_out" if held_out else "seen"])


def phrase(kind: str, tongue: Language, *, rng: Random, held_out: bool) -> str:
    """One phrasing, chosen by the random state."""
    return rng.choice(phrases(kind, tongue, held_out=held_out))
