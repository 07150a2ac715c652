"""What each character is to a reader of normalised text, as a table that a kernel looks up.

For a text of ordinary characters the table gives what `corpus.normalize.normalized` gives, without making the text. It
says which characters are not ordinary: those that a neighbour can change.
"""

import unicodedata
from functools import cache

import numpy as np
import polars as pl

from corpus.normalize import normalized

TABLE_SIZE = 0x10000  # code points below it are looked up, the rest is told by ranges
UNSETTLED = np.uint32(1 << 31)  # its normal form depends on its neighbours, or is not one character
ALONE = np.uint32(1 << 30)  # of a script that is written without spaces: a token of its own
SPACE = np.uint32(1 << 29)
NOTHING = np.uint32(1 << 28)  # takes no room
CODE = np.uint32((1 << 21) - 1)

# Han and its extensions, kana, Thai, Lao, Tibetan, Myanmar, Khmer: every character is a token.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Tibetan}\p{Myanmar}\p{Khmer}]"
_FINAL_SIGMA = 0x3A3  # its small letter depends on whether the word goes on


@cache
def table() -> np.ndarray:
    """For every code point below `TABLE_SIZE` its code after normalisation, with the flags above."""
    codes = [code for code in range(TABLE_SIZE) if not 0xD800 <= code < 0xE000]
    between = pl.DataFrame({"text": [f"a{chr(code)}a" for code in codes]}).select(
        text=normalized(pl.col("text")), length=normalized(pl.col("text")).str.len_chars()
    )
    found = between.select(
        "length",
        char=pl.when(pl.col("length") == 3).then(pl.col("text").str.slice(1, 1)),
        nothing=pl.col("text") == "aa",
        space=pl.col("text") == "a a",
        alone=pl.col("text").str.contains(_UNSPACED),
    )
    plain = np.fromiter((ord(char) if char else 0 for char in found["char"]), np.uint32, len(codes))
    plain[found["nothing"].to_numpy()] = NOTHING
    plain[found["space"].to_numpy()] = SPACE
    plain[(plain == 0) | np.fromiter(map(_meets, codes), bool, len(codes))] = UNSETTLED
    plain[found["alone"].to_numpy()] |= ALONE
    flags = np.full(TABLE_SIZE, UNSETTLED, np.uint32)
    flags[codes] = plain
    flags[[*_seconds(), _FINAL_SIGMA]] |= UNSETTLED
    return flags


def _meets(code: int) -> bool:
    """Whether it combines with what stands before it."""
    return bool(unicodedata.combining(chr(code))) or 0x1100 <= code < 0x1200


@cache
def _seconds() -> list[int]:
    """Characters that a canonical composition can take in as its second part."""
    parts = (unicodedata.decomposition(chr(code)).split() for code in range(TABLE_SIZE))
    return sorted({int(pair[1], 16) for pair in parts if len(pair) == 2 and not pair[0].startswith("<")})
