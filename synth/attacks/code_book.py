"""Code book: a number for every character, with the book beside the text."""

import json
from random import Random

from synth.errors import NotApplicable


def code_book(text: str, *, rng: Random) -> str:
    """A JSON object from three-digit numbers to characters, and on the next line the request in these numbers.

    Raises:
        NotApplicable: `too_long` where there are more different characters than numbers.

    Source:
        Huang et al. 2024, arXiv 2410.01294 (bijection learning), with the book given instead of taught.
    """
    characters = sorted(set(text))
    if len(characters) > 900:
        raise NotApplicable("too_long")
    numbers = dict(zip(characters, rng.sample(range(100, 1000), len(characters)), strict=True))
    book = {str(number): character for character, number in sorted(numbers.items(), key=lambda pair: pair[1])}
    return f"{json.dumps(book, ensure_ascii=False)}\n{' '.join(str(numbers[character]) for character in text)}"


def from_code_book(text: str) -> str:
    """The request that `code_book` disguised."""
    try:
        first, second = text.split("\n")
        book = json.loads(first)
        return "".join(book[number] for number in second.split(" "))
    except (ValueError, KeyError, TypeError):
        raise NotApplicable("not_encoded") from None
