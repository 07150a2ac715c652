"""How near two texts are, in characters, so that both languages are measured alike."""

import re
import unicodedata
from collections import Counter

SIZES = (1, 2, 3)


def bare(text: str) -> str:
    """Letters and digits alone, in compatibility form and without case: two texts that agree in these are copies."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def overlap(one: str, other: str) -> float:
    """Share of character n-grams that two texts have in common, 0 to 1, in whatever order.

    The mean over n = 2, 3 and 4 (1, 2 and 3 where Han characters stand, which say more each) of the Dice coefficient
    of the two multisets of n-grams, as chrF does it with an F score. Punctuation, case and white space do not count.

    Source:
        Popović 2015, chrF, doi 10.18653/v1/W15-3049.
    """
    left, right = bare(one), bare(other)
    shift = 0 if re.search(r"[\u3400-\u9fff]", left + right) else 1
    scores = [_dice(_grams(left, n + shift), _grams(right, n + shift)) for n in SIZES]
    return sum(scores) / len(scores)


def edit_distance(one: str, other: str) -> int:
    """Fewest single characters to insert, delete or replace (Levenshtein).

    A column of the usual table is kept as two bit vectors, so that a step over a character of `other` is a few
    operations on whole numbers as long as `one`.

    Source:
        Hyyrö 2003, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", figure 6.
    """
    if not one:
        return len(other)
    places: dict[str, int] = {}
    for index, letter in enumerate(one):
        places[letter] = places.get(letter, 0) | 1 << index
    full, last = (1 << len(one)) - 1, 1 << (len(one) - 1)
    up, down, distance = full, 0, len(one)  # where the column rises and falls by one
    for letter in other:
        same = places.get(letter, 0)
        diagonal = (((same & up) + up) ^ up) | same | down
        right_up, right_down = down | ~(diagonal | up) & full, up & diagonal
        distance += bool(right_up & last) - bool(right_down & last)
        right_up, right_down = (right_up << 1 | 1) & full, right_down << 1 & full
        up, down = right_down | ~(diagonal | right_up) & full, right_up & diagonal
    return distance


def _grams(text: str, size: int) -> Counter[str]:
    return Counter(text[i : i + size] for i in range(len(text) - size + 1))


def _dice(one: Counter[str], other: Counter[str]) -> float:
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0
