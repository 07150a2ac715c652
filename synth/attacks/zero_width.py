"""Zero-width characters: break words apart where no reader sees it."""

from random import Random

from synth.errors import NotApplicable

INVISIBLE = ("\u200b", "\u200c", "\u2060")  # zero width space, zero width non-joiner, word joiner


def zero_width(text: str, *, rng: Random, share: float = 0.3) -> str:
    """Insert an invisible character into a share of the gaps between characters, and always into at least one.

    Args:
        text: The request to disguise; it looks the same afterwards.
        rng: Source of randomness: the same state gives the same text.
        share: Probability (0 to 1) that a gap is filled.

    Raises:
        NotApplicable: `too_short` below two characters; `already_disguised` where the text holds such characters
            itself, so that the change could not be taken back.

    Source:
        Boucher et al. 2022, arXiv 2106.09898 (invisible characters).
    """
    if any(character in text for character in INVISIBLE):
        raise NotApplicable("already_disguised")
    if len(text) < 2:
        raise NotApplicable("too_short")
    gaps = range(1, len(text))
    filled = {gap for gap in gaps if rng.random() < share} or {rng.choice(gaps)}
    return "".join((rng.choice(INVISIBLE) if i in filled else "") + character for i, character in enumerate(text))


def without_zero_width(text: str) -> str:
    """The request that `zero_width` disguised."""
    return text.translate({ord(character): None for character in INVISIBLE})
