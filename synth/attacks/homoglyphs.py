"""Homoglyphs: characters of another script that look the same to a reader and not to a tokenizer."""

import unicodedata
from random import Random

from synth.attacks.lookalikes import restored, swapped

_LATIN_TO_CYRILLIC = dict(zip("acehijkopsxyABCEHIKMOPSTX", "асеһіјкорѕхуАВСЕНІКМОРЅТХ", strict=True))
# The Kangxi radicals are symbols drawn like the everyday character that each decomposes to, such as U+2F08 like U+4EBA.
_HAN_TO_RADICAL = {unicodedata.normalize("NFKC", chr(code)): chr(code) for code in range(0x2F00, 0x2FD6)}

LOOKALIKES = _LATIN_TO_CYRILLIC | _HAN_TO_RADICAL


def homoglyphs(text: str, *, rng: Random, share: float = 0.5) -> str:
    """Swap a share of the characters that have a look-alike (`swapped`). Russian, say, is `already_disguised`.

    Source:
        Boucher et al. 2022, arXiv 2106.09898 (homoglyphs). The Kangxi radicals are our Chinese reading.
    """
    return swapped(text, LOOKALIKES, rng=rng, share=share)


def without_homoglyphs(text: str) -> str:
    """The request that `homoglyphs` disguised."""
    return restored(text, LOOKALIKES)
