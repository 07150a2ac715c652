"""Word swap: harmless words stand for some words of the request, and a list says which for which."""

import re
from random import Random

from synth.errors import NotApplicable

MAX_SWAPS = 3
STAND_INS = {
    "en": ("apple", "river", "lantern", "pillow", "violin", "meadow", "button", "teapot"),
    "zh": ("苹果", "小河", "灯笼", "枕头", "提琴", "草地", "纽扣", "茶壶"),
}

_TERM = re.compile(r"[A-Za-z]{4,}|[\u4e00-\u9fff]{2}")  # a longer word, or two Han characters side by side


def word_swap(text: str, *, rng: Random) -> str:
    """A line such as `apple = open, river = lock`, and below it the request with `[apple]` for open.

    Chinese is not cut into words: any two characters side by side may be swapped, which the list makes good.

    Raises:
        NotApplicable: `no_term` where there is nothing to swap; `already_disguised` where the text has square brackets.

    Source:
        Handa et al. 2024, arXiv 2402.10601 (word substitution); Zhang et al. 2024, arXiv 2405.14023 (word games).
    """
    if "[" in text or "]" in text:
        raise NotApplicable("already_disguised")
    terms = sorted(set(_TERM.findall(text)))
    if not terms:
        raise NotApplicable("no_term")
    chosen = rng.sample(terms, min(MAX_SWAPS, len(terms)))
    words = {tongue: rng.sample(several, MAX_SWAPS) for tongue, several in STAND_INS.items()}
    swaps = {term: words["en" if term.isascii() else "zh"][i] for i, term in enumerate(chosen)}
    swapped = _TERM.sub(lambda found: f"[{swaps[found[0]]}]" if found[0] in swaps else found[0], text)
    return f"{', '.join(f'{word} = {term}' for term, word in swaps.items())}\n{swapped}"


def from_word_swap(text: str) -> str:
    """The request that `word_swap` disguised."""
    key, _, swapped = text.partition("\n")
    terms = dict(pair.split(" = ") for pair in key.split(", ") if pair.count(" = ") == 1)
    return re.sub(r"\[(\w+)\]", lambda found: terms.get(found[1], found[0]), swapped)
