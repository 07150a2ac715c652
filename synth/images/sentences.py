"""The neutral sentences that stand beside a picture, apart for training rows and for the rows that measure."""

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from synth.language import Language


@cache
def _book() -> dict[str, Any]:
    return yaml.safe_load(Path(__file__).with_name("sentences.yaml").read_text(encoding="utf-8"))


def sentences(kind: str, tongue: Language, *, held_out: bool) -> tuple[str, ...]:
    """All sentences of a kind: `split_risk`, `flow_chart` or `chat_frame`.

    Args:
        kind: Key in `sentences.yaml`.
        tongue: Language of the row.
        held_out: True for calibration and test rows; the two lists share no sentence.
    """
    return tuple(_book()[kind][tongue]["held_out" if held_out else "seen"])


def sentence(kind: str, tongue: Language, *, rng: Random, held_out: bool) -> str:
    """One sentence, chosen by the random state."""
    return rng.choice(sentences(kind, tongue, held_out=held_out))
