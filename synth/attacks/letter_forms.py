"""Letter forms: letters of other Unicode blocks that read as the ordinary ones.

Source:
    Daniel and Pal 2024, arXiv 2405.14490 (text in unusual Unicode letters).
"""

from random import Random
from string import ascii_letters

from synth.attacks.lookalikes import restored, swapped

FULLWIDTH = {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)} | {" ": "\u3000"}
MATH_LETTERS = dict(
    zip(ascii_letters, (*map(chr, range(0x1D5EE, 0x1D608)), *map(chr, range(0x1D5D4, 0x1D5EE))), strict=True)
)  # sans-serif bold, a block without gaps


def fullwidth(text: str, *, rng: Random, share: float = 0.7) -> str:
    """Printable ASCII in the width of Han characters (`swapped`)."""
    return swapped(text, FULLWIDTH, rng=rng, share=share)


def without_fullwidth(text: str) -> str:
    """The request that `fullwidth` disguised."""
    return restored(text, FULLWIDTH)


def math_letters(text: str, *, rng: Random, share: float = 0.7) -> str:
    """Latin letters as the bold letters of formulas (`swapped`)."""
    return swapped(text, MATH_LETTERS, rng=rng, share=share)


def without_math_letters(text: str) -> str:
    """The request that `math_letters` disguised."""
    return restored(text, MATH_LETTERS)
