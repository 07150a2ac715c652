"""What a text is matched by: words, or characters of unspaced scripts, without case, accents, width or punctuation.

Every code point is folded by itself (NFKD, case, no accents, no invisible characters), so a token knows the place in
the text as it was written, and lines, quotes and spaces between Chinese characters change no token.
"""

import unicodedata
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl

from corpus.normalize import INVISIBLE, UNSPACED

SEPARATOR, WORD, ALONE = 0, 1, 2

_LAST = 0x32400  # beyond it no letter is assigned
_ALL = 0x110000
_APOSTROPHES = "'’ʼ"  # don't, don’t and dont are one word


class Folding(NamedTuple):
    """For every code point its `kind`, and the code points `code[start : start + size]` that it folds to."""

    kind: np.ndarray
    start: np.ndarray
    size: np.ndarray
    code: np.ndarray


@cache
def folding() -> Folding:
    """The folding of all code points: made once, in half a second."""
    characters = [chr(code) if not 0xD800 <= code < 0xE000 else " " for code in range(_LAST)]
    written = pl.Series(characters, dtype=pl.String)
    kind = np.zeros(_ALL, np.uint8)
    kind[:_LAST][written.str.contains(r"[\p{L}\p{N}\p{M}]").to_numpy()] = WORD
    kind[:_LAST][written.str.contains(f"[{UNSPACED}]").to_numpy()] = ALONE
    unseen = written.str.contains(INVISIBLE).to_numpy()
    folded = ["" if gone else _fold(character) for character, gone in zip(characters, unseen, strict=True)]
    size = np.zeros(_ALL, np.int32)
    size[:_LAST] = [len(text) for text in folded]
    start = np.cumsum(size, dtype=np.int32) - size
    start[_LAST:], size[_LAST:] = 0, 1  # read as the first of all, which is a separator
    size[0xE0000:0xE1000] = 0  # tags and variation selectors
    return Folding(kind, start, size, np.frombuffer("".join(folded).encode("utf-32-le"), np.uint32))


def _fold(character: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(part for part in plain if not unicodedata.combining(part) and part not in _APOSTROPHES)
