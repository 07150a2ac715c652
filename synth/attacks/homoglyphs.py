"""Homoglyphs: characters of another script that look the same to a reader and not to a tokenizer."""

import unicodedata
from random import Random

from synth.errors import NotApplicable

_LATIN_TO_CYRILLIC = dict(zip("acehijkopsxyABCEHIKMOPSTX", "асеһіјкорѕхуАВСЕНІКМОРЅТХ", strict=True))
# The Kangxi radicals are symbols drawn like the everyday character that each decomposes to, such as U+2F08 like U+4EBA.
_HAN_TO_RADICAL = {unicodedata.normalize("NFKC", chr(code)): chr(code) for code in range(0x2F00, 0x2FD6)}

LOOKALIKES = _LATIN_TO_CYRILLIC | _HAN_TO_RADICAL
_ORIGINALS = {lookalike: original for original, lookalike in LOOKALIKES.items()}


def homoglyphs(text: str, *, rng: Random, share: float = 0.5) -> str:
    """Swap a share of the characters that have a look-alike, and always at least one.

    Args:
        text: The request to disguise; its length in characters stays.
        rng: Source of randomness: the same state gives the same text.
        share: Probability (0 to 1) that a character is swapped.

    Raises:
        NotApplicable: `no_lookalike` where no character has one; `already_disguised` where the text holds such
            look-alikes itself (Russian, say), so that the change could not be taken back.

    Source:
        Boucher et al. 2022, arXiv 2106.09898 (homoglyphs). The Kangxi radicals are our Chinese reading.
    """
    if any(character in _ORIGINALS for character in text):
        raise NotApplicable("already_disguised")
    can_change = [i for i, character in enumerate(text) if character in LOOKALIKES]
    if not can_change:
        raise NotApplicable("no_lookalike")
    changed = {i for i in can_change if rng.random() < share} or {rng.choice(can_change)}
    return "".join(LOOKALIKES[character] if i in changed else character for i, character in enumerate(text))


def without_homoglyphs(text: str) -> str:
    """The request that `homoglyphs` disguised."""
    return "".join(_ORIGINALS.get(character, character) for character in text)
