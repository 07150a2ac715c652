"""Gaps between characters, filled with something that a reader passes over and a tokenizer does not.

Source:
    Boucher et al. 2022, arXiv 2106.09898 (invisible characters); Wei et al. 2024, arXiv 2411.01077 (emoji); Gröndahl et
    al. 2018, arXiv 1808.09115 (spaces inside words).
"""

from random import Random

from synth.errors import NotApplicable

INVISIBLE = ("\u200b", "\u200c", "\u2060")  # zero width space, zero width non-joiner, word joiner
EMOJI = ("🌸", "🍀", "🎈", "🐟", "🌙", "⭐", "🍎", "🎵")  # one code point each
SEPARATORS = (" ", ".", "-", "_", "·", "|")


def zero_width(text: str, *, rng: Random, share: float = 0.3) -> str:
    """Invisible characters in a share of the gaps (`_filled`); the text looks the same afterwards."""
    return _filled(text, INVISIBLE, rng=rng, share=share)


def without_zero_width(text: str) -> str:
    """The request that `zero_width` disguised."""
    return _without(text, INVISIBLE)


def emoji(text: str, *, rng: Random, share: float = 0.3) -> str:
    """Emoji in a share of the gaps (`_filled`)."""
    return _filled(text, EMOJI, rng=rng, share=share)


def without_emoji(text: str) -> str:
    """The request that `emoji` disguised."""
    return _without(text, EMOJI)


def spaced(text: str, *, rng: Random) -> str:
    """The same separator in every gap."""
    return rng.choice(SEPARATORS).join(text)


def without_spaces(text: str) -> str:
    """The request that `spaced` disguised."""
    return text[::2]


def _filled(text: str, marks: tuple[str, ...], *, rng: Random, share: float) -> str:
    """Insert a mark into a share of the gaps between characters, and always into at least one.

    Args:
        text: The request to disguise.
        marks: Single characters, one of which is chosen for each gap.
        rng: Source of randomness: the same state gives the same text.
        share: Probability (0 to 1) that a gap is filled.

    Raises:
        NotApplicable: `too_short` below two characters; `already_disguised` where the text holds such characters
            itself, so that the change could not be taken back.
    """
    if any(mark in text for mark in marks):
        raise NotApplicable("already_disguised")
    if len(text) < 2:
        raise NotApplicable("too_short")
    gaps = range(1, len(text))
    filled = {gap for gap in gaps if rng.random() < share} or {rng.choice(gaps)}
    return "".join((rng.choice(marks) if i in filled else "") + character for i, character in enumerate(text))


def _without(text: str, marks: tuple[str, ...]) -> str:
    return text.translate({ord(mark): None for mark in marks})
