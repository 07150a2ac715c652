"""Orders: the same characters in another order, which the words around them explain.

Source:
    Liu et al. 2024, arXiv 2410.02832 (flipped characters and words); Lv et al. 2024, arXiv 2402.16717 (odd places
    first, with code that undoes it); Rusert 2024, arXiv 2404.08538 (written downwards).
"""

from random import Random


def flipped_characters(text: str, *, rng: Random) -> str:
    """Written from the last character to the first."""
    return text[::-1]


def from_flipped_characters(text: str) -> str:
    """The request that `flipped_characters` disguised."""
    return text[::-1]


def flipped_words(text: str, *, rng: Random) -> str:
    """Written from the last word to the first, where spaces part words."""
    return " ".join(reversed(text.split(" ")))


def from_flipped_words(text: str) -> str:
    """The request that `flipped_words` disguised."""
    return " ".join(reversed(text.split(" ")))


def odd_even(text: str, *, rng: Random) -> str:
    """The first, third, fifth character and so on, then the second, fourth and so on."""
    return text[::2] + text[1::2]


def from_odd_even(text: str) -> str:
    """The request that `odd_even` disguised."""
    restored = [""] * len(text)
    half = (len(text) + 1) // 2
    restored[::2], restored[1::2] = text[:half], text[half:]
    return "".join(restored)


def vertical(text: str, *, rng: Random) -> str:
    """Written downwards, one character a line."""
    return "\n".join(text)


def from_vertical(text: str) -> str:
    """The request that `vertical` disguised."""
    return text[::2]
