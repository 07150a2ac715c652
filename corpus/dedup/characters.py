"""What each character is to a reader of normalised text, as a table that a kernel looks up.

For a text of ordinary characters the table gives what `corpus.normalize.normalized` gives, without making the text. It
says which characters are not ordinary: those that a neighbour can change.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache

import numpy as np
import polars as pl

from corpus.normalize import UNSPACED, normalized

TABLE_SIZE = 0x10000  # code points below it are looked up, the rest is told by ranges
UNSETTLED = np.uint32(1 << 31)  # its normal form depends on its neighbours, or is not one character
ALONE = np.uint32(1 << 30)  # of a script that is written without spaces: a token of its own
SPACE = np.uint32(1 << 29)
NOTHING = np.uint32(1 << 28)  # takes no room
CODE = np.uint32((1 << 21) - 1)

_FINAL_SIGMA = 0x3A3  # its small letter depends on whether the word goes on
_JAMO = range(0x1100, 0x1200)  # they join into syllables


@cache
def table() -> np.ndarray:
    """For every code point below `TABLE_SIZE` its code after normalisation, with the flags above."""
    codes = [code for code in range(TABLE_SIZE) if not 0xD800 <= code < 0xE000]
    chars = pl.DataFrame({"char": map(chr, codes)}, schema={"char": pl.String})
    between = pl.col("between")
    within = chars.with_columns(between=normalized(pl.concat_str(pl.lit("a"), "char", pl.lit("a"))))
    found = within.select(
        code=pl.when(between.str.len_chars() == 3).then(between.str.slice(1, 1)),
        nothing=between == "aa",
        space=between == "a a",
        alone=between.str.contains(f"[{UNSPACED}]"),
        marks=pl.col("char").str.contains(r"\p{M}"),
        parts=pl.col("char").str.normalize("NFD") != pl.col("char"),
    )
    plain = np.fromiter((ord(char) if char else 0 for char in found["code"]), np.uint32, len(codes))
    plain[found["nothing"].to_numpy()] = NOTHING
    plain[found["space"].to_numpy()] = SPACE
    plain[plain == 0] = UNSETTLED
    plain[found["alone"].to_numpy()] |= ALONE
    flags = np.full(TABLE_SIZE, UNSETTLED, np.uint32)
    flags[codes] = plain
    marks, composed = (chars["char"].filter(found[name]) for name in ("marks", "parts"))
    flags[[ord(char) for char in marks if unicodedata.combining(char)]] |= UNSETTLED
    flags[list(_seconds(composed))] |= UNSETTLED
    flags[[_FINAL_SIGMA, *_JAMO]] |= UNSETTLED
    return flags


def _seconds(composed: pl.Series) -> Iterator[int]:
    """Characters that a canonical composition can take in as its second part."""
    for char in composed:
        parts = unicodedata.decomposition(char).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            yield int(parts[1], 16)
