"""Split characters (拆字): a Chinese character as its left and right half, side by side."""

from random import Random

from synth.attacks.words import book
from synth.errors import NotApplicable


def halves() -> dict[str, str]:
    """Each character that can be split, and its two halves; from `halves.yaml`."""
    return dict(pair.split("=") for pair in book("halves.yaml")["halves"])


def split_characters(text: str, *, rng: Random, share: float = 0.6) -> str:
    """Split a share of the characters that have two halves, and always at least one.

    Args:
        text: The request to disguise.
        rng: Source of randomness: the same state gives the same text.
        share: Probability (0 to 1) that a character is split.

    Raises:
        NotApplicable: `no_halves` where no character can be split; `already_disguised` where the text has two halves
            side by side itself, so that the change could not be taken back.

    Source:
        Yang et al. 2025, arXiv 2505.24341 (changes of Chinese glyphs). The table is our own.
    """
    table = halves()
    can_change = [i for i, character in enumerate(text) if character in table]
    if not can_change:
        raise NotApplicable("no_halves")
    changed = {i for i in can_change if rng.random() < share} or {rng.choice(can_change)}
    disguised = "".join(table[one] if i in changed else one for i, one in enumerate(text))
    if without_splits(disguised) != text:
        raise NotApplicable("already_disguised")
    return disguised


def without_splits(text: str) -> str:
    """The request that `split_characters` disguised."""
    for character, parts in halves().items():
        text = text.replace(parts, character)
    return text
