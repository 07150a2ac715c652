"""Noise: meaningless characters beside the request, and slips of the keyboard in it.

Source:
    Zou et al. 2023, arXiv 2307.15043 (suffixes); Gao et al. 2025, arXiv 2510.05025 (invisible suffixes); Hughes et al.
    2024, arXiv 2412.03556 (swapped characters, random capitals).
"""

import re
from random import Random
from string import ascii_letters, punctuation

from synth.errors import NotApplicable

_SELECTORS = range(0xE0100, 0xE01F0)  # variation selectors 17 to 256: invisible, and they say nothing
_INVISIBLE_END = re.compile("[\U000e0100-\U000e01ef]+$")
_NEIGHBOURS = re.compile(r"(?<=[A-Za-z])(?=[A-Za-z]{2})|(?=[\u4e00-\u9fff]{2})")  # never the first letter of a word


def suffix_noise(text: str, *, rng: Random) -> str:
    """Twelve to twenty random strings after the request: the look of an optimised suffix, without its effect."""
    tokens = (
        "".join(rng.choices(ascii_letters + punctuation, k=rng.randint(2, 8))) for _ in range(rng.randint(12, 20))
    )
    return f"{text} {' '.join(tokens)}"


def invisible_suffix(text: str, *, rng: Random) -> str:
    """Eight to forty variation selectors after the request; it looks the same afterwards.

    Raises:
        NotApplicable: `already_disguised` where it ends in such characters itself.
    """
    if _INVISIBLE_END.search(text):
        raise NotApplicable("already_disguised")
    return text + "".join(chr(rng.choice(_SELECTORS)) for _ in range(rng.randint(8, 40)))


def without_invisible_suffix(text: str) -> str:
    """The request that `invisible_suffix` disguised."""
    return _INVISIBLE_END.sub("", text)


def typos(text: str, *, rng: Random, share: float = 0.25) -> str:
    """Swap a share of the neighbours inside a word, or of two Han characters, and always at least one pair.

    Which pairs were swapped is nowhere said, so there is no inverse.

    Raises:
        NotApplicable: `too_short` where there are no two neighbours that differ.
    """
    characters = list(text)
    places = [found.start() for found in _NEIGHBOURS.finditer(text)]
    can_change = [i for i in places if characters[i] != characters[i + 1]]
    if not can_change:
        raise NotApplicable("too_short")
    last = -2
    for i in [i for i in can_change if rng.random() < share] or [rng.choice(can_change)]:
        if i > last + 1:  # a character is moved once
            characters[i], characters[i + 1] = characters[i + 1], characters[i]
            last = i
    return "".join(characters)


def random_case(text: str, *, rng: Random, share: float = 0.4) -> str:
    """Turn a share of the Latin letters into the other case, and always at least one. There is no inverse.

    Raises:
        NotApplicable: `no_letter` where there is none.
    """
    can_change = [i for i, character in enumerate(text) if character in ascii_letters]
    if not can_change:
        raise NotApplicable("no_letter")
    changed = {i for i in can_change if rng.random() < share} or {rng.choice(can_change)}
    return "".join(one.swapcase() if i in changed else one for i, one in enumerate(text))
