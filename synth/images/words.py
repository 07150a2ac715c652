"""Everyday words for the harmless pictures, in both languages."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from synth.language import Language


@cache
def _book() -> dict[str, dict[str, list[Any]]]:
    return yaml.load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def subjects() -> tuple[str, ...]:
    """What there are words of."""
    return tuple(_book())


def words(subject: str, tongue: Language) -> tuple[Any, ...]:
    """All words of a subject in `words.yaml`; both languages have them in the same order."""
    return tuple(_book()[subject][tongue])
