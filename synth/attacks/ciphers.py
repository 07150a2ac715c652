"""Ciphers that move a character within its alphabet, with the key beside the text.

The alphabet of a Han character is its Unicode block, U+4E00 to U+9FFF, in the order of the code points.

Source:
    Yuan et al. 2023, arXiv 2308.06463 (Caesar, Atbash, and code points for Chinese); Wei et al. 2023, arXiv 2307.02483
    (ROT13); Huang 2024, arXiv 2411.01084 (Vigenere).
"""

import codecs
import re
from itertools import cycle
from random import Random

from synth.errors import NotApplicable

KEYWORDS = ("river", "lemon", "violet", "copper", "window", "stone")  # none moves by 0, so none has an "a"

_ALPHABETS = ((ord("a"), 26), (ord("A"), 26), (0x4E00, 0xA000 - 0x4E00))  # first code point, number of characters


def rot13(text: str, *, rng: Random) -> str:
    """Latin letters, each moved by half an alphabet; the same again gives the text back."""
    return codecs.encode(text, "rot13")


def from_rot13(text: str) -> str:
    """The request that `rot13` disguised."""
    return codecs.encode(text, "rot13")


def caesar(text: str, *, rng: Random) -> str:
    """Each character moved by the number that stands in brackets before the text.

    Raises:
        NotApplicable: `no_letter` where there is neither a Latin letter nor a Han character.
    """
    by = rng.randint(1, 25)
    return f"({by}) {_changed(text, [by])}"


def from_caesar(text: str) -> str:
    """The request that `caesar` disguised."""
    key, moved = _key(text, r"\d+")
    return _moved(moved, [-int(key)])


def vigenere(text: str, *, rng: Random) -> str:
    """Each character moved by the next letter (a is 0) of a keyword that stands in brackets before the text.

    Raises:
        NotApplicable: `no_letter` where there is neither a Latin letter nor a Han character.
    """
    key = rng.choice(KEYWORDS)
    return f"({key}) {_changed(text, _steps(key))}"


def from_vigenere(text: str) -> str:
    """The request that `vigenere` disguised."""
    key, moved = _key(text, "[a-z]+")
    return _moved(moved, [-step for step in _steps(key)])


def atbash(text: str, *, rng: Random) -> str:
    """The alphabet turned round, the first for the last; the same again gives the text back."""
    return _mirrored(text)


def from_atbash(text: str) -> str:
    """The request that `atbash` disguised."""
    return _mirrored(text)


def _steps(key: str) -> list[int]:
    return [ord(letter) - ord("a") for letter in key]


def _key(text: str, pattern: str) -> tuple[str, str]:
    found = re.fullmatch(rf"\(({pattern})\) (.*)", text, re.DOTALL)
    if found is None:
        raise NotApplicable("not_encoded")
    return found[1], found[2]


def _changed(text: str, steps: list[int]) -> str:
    moved = _moved(text, steps)
    if moved == text:
        raise NotApplicable("no_letter")
    return moved


def _moved(text: str, steps: list[int]) -> str:
    step = cycle(steps)
    return "".join(
        chr(found[0] + (ord(one) - found[0] + next(step)) % found[1]) if (found := _alphabet(one)) else one
        for one in text
    )


def _mirrored(text: str) -> str:
    return "".join(chr(2 * found[0] + found[1] - 1 - ord(one)) if (found := _alphabet(one)) else one for one in text)


def _alphabet(character: str) -> tuple[int, int] | None:
    return next(((first, size) for first, size in _ALPHABETS if first <= ord(character) < first + size), None)
