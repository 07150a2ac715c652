"""Swap a share of the characters for others that read the same: what homoglyphs and letter forms have in common."""

from collections.abc import Mapping
from random import Random

from synth.errors import NotApplicable


def swapped(text: str, lookalikes: Mapping[str, str], *, rng: Random, share: float) -> str:
    """Swap a share of the characters that have a look-alike, and always at least one.

    Args:
        text: The request to disguise; its length in characters stays.
        lookalikes: One-to-one, from a character to its look-alike.
        rng: Source of randomness: the same state gives the same text.
        share: Probability (0 to 1) that a character is swapped.

    Raises:
        NotApplicable: `no_lookalike` where no character has one; `already_disguised` where the text holds such
            look-alikes itself, so that the change could not be taken back.
    """
    if not set(lookalikes.values()).isdisjoint(text):
        raise NotApplicable("already_disguised")
    can_change = [i for i, character in enumerate(text) if character in lookalikes]
    if not can_change:
        raise NotApplicable("no_lookalike")
    changed = {i for i in can_change if rng.random() < share} or {rng.choice(can_change)}
    return "".join(lookalikes[character] if i in changed else character for i, character in enumerate(text))


def restored(text: str, lookalikes: Mapping[str, str]) -> str:
    """The text that `swapped` was given."""
    originals = {ord(lookalike): original for original, lookalike in lookalikes.items()}
    return text.translate(originals)
