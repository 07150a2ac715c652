"""What tells words from noise, counted over the code points of a column in compiled loops.

Imported where it is used and not before, as `kernels`.
"""

from typing import Any

import numba
import numpy as np

from corpus.filters.kernels import BASE, FIRST, Array


@numba.njit(cache=True)
def letter_of(point: Any) -> Any:
    """1 to 26 for a Latin letter of either case, 0 for everything else."""
    if 97 <= point <= 122:
        return point - 96
    if 65 <= point <= 90:
        return point - 64
    return 0


@numba.njit(cache=True)
def _slot(first: Any, second: Any, bits: int) -> np.uint64:
    mixed = (np.uint64(first) * BASE + np.uint64(second)) * FIRST
    return mixed >> np.uint64(64 - bits)


@numba.njit(cache=True)
def is_han(point: Any) -> bool:
    """Whether a code point is a Han character: the main block, the first extension or those beyond the BMP."""
    return 0x3400 <= point <= 0x9FFF or 0x20000 <= point <= 0x323AF


@numba.njit(cache=True)
def count_trigrams(points: Array) -> Array:
    """How often a letter follows two others, 27 x 27 x 27; 0 is whatever is no letter."""
    counts = np.zeros((27, 27, 27), dtype=np.int64)
    first = second = 0
    for point in points:
        third = letter_of(point)
        counts[first, second, third] += 1
        first, second = second, third
    return counts


@numba.njit(cache=True)
def mark_pairs(points: Array, bits: int) -> Array:
    """A table of 2**bits flags, set for each pair of neighbouring Han characters."""
    seen = np.zeros(1 << bits, dtype=np.bool_)
    for i in range(1, len(points)):
        if is_han(points[i - 1]) and is_han(points[i]):
            seen[_slot(points[i - 1], points[i], bits)] = True
    return seen


COUNTS = ("visible", "letters", "vowels", "steps", "surprise", "han", "rare", "pairs", "seen", "kana")
VISIBLE, LETTERS, VOWELS, STEPS, SURPRISE, HAN, RARE, PAIRS, SEEN, KANA = range(len(COUNTS))


@numba.njit(cache=True)
def spelling(points: Array, starts: Array, bits_of: Array, common: Array, seen: Array, bits: int) -> Array:
    """What tells words from noise, counted for each row.

    Args:
        points: Code points, as of `code_points`.
        starts: Where each row begins.
        bits_of: Surprise of a letter after two others in bits, 27 x 27 x 27.
        common: Flag for each code point that is a common Han character.
        seen: Flags of `mark_pairs`.
        bits: As given to `mark_pairs`.

    Returns:
        The columns of `COUNTS`: characters that are no white space; Latin letters in words of three or more, vowels
        among them, steps from letter to letter and over the edges of words, their surprise in bits; Han characters,
        rare ones among them, pairs of neighbours, pairs that were seen; kana. Left out are short words mostly of
        capitals, commands after a backslash with their first argument, and the third and further of equal letters. A
        letter with an accent is a vowel.
    """
    rows = len(starts) - 1
    out = np.zeros((rows, len(COUNTS)))
    for row in range(rows):
        first = second = run = vowels = capitals = 0
        surprise = 0.0
        command = False
        before: Any = 0
        for i in range(starts[row], starts[row + 1] + 1):
            point = np.int64(points[i]) if i < starts[row + 1] else 32
            letter = letter_of(point)
            out[row, VISIBLE] += point > 32 and point != 0x3000 and point != 0xA0
            if letter and letter == first and letter == second:
                continue
            if letter or run:
                surprise += bits_of[first, second, letter]
            if letter:
                run += 1
                capitals += int(point < 97)
                vowels += int(letter in (1, 5, 9, 15, 21, 25))
                first, second = second, letter
            else:
                if run >= 3 and not command and not (2 * capitals >= run and run <= 5):
                    out[row, LETTERS] += run
                    out[row, VOWELS] += vowels
                    out[row, STEPS] += run + 1
                    out[row, SURPRISE] += surprise
                command = point == 92 or (point == 123 and command)
                first = second = run = vowels = capitals = 0
                surprise = 0.0
                if 0xC0 <= point <= 0x24F or 0x1E00 <= point <= 0x1EFF:
                    out[row, LETTERS] += 1
                    out[row, VOWELS] += 1
            if is_han(point):
                out[row, HAN] += 1
                out[row, RARE] += not common[point]
                if before:
                    out[row, PAIRS] += 1
                    out[row, SEEN] += seen[_slot(before, point, bits)]
                before = point
            else:
                before = 0
                out[row, KANA] += 0x3041 <= point <= 0x30FF
    return out
