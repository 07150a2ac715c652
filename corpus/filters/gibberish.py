"""Replies that are no language: mashed keys, random characters, text read in the wrong encoding, broken tokens.

What is usual is counted from the seed corpus, which ships with the package: which letter follows which two in English,
which Chinese characters stand side by side. Words in a wrong order are spelt well and are not found.
"""

import base64
import json
import re
from functools import cache
from pathlib import Path
from string import ascii_lowercase as alphabet
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

SEED = Path(__file__).parents[1] / "seed"

MIN_LETTERS, MIN_HAN = 20, 8  # fewer say too little about their spelling
MIN_SHARE = 0.4  # of the visible characters: a product key inside a sentence is no gibberish
MAX_SURPRISE = 6.0  # bits per letter: English has 3.5, German 5, Swahili 6.7, mashed keys 7.2
MIN_VOWELS = 0.3  # share that Swahili and every other language reaches, and mashed keys do not
MAX_RARE = 0.3  # share of Han characters: poems have 0.02, UTF-8 read as GBK has 0.7
MIN_PAIRS = 30  # names and terms of a science stay below
MIN_SEEN = 0.05  # share of neighbouring characters: Chinese in either script has 0.1 or more, random ones 0.02
PAIR_BITS = 22

# What tokenisers print for bytes and spaces, and code points that stand for nothing. Replacement characters and control
# codes are for `mojibake` and `control_characters`.
BROKEN = r"<0x[0-9A-F]{2}>|[ĠĊ]|▁\p{L}|[\p{Co}\p{Cn}]"
MAX_BROKEN = 0.05  # share of visible characters

BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
PLAIN = 4.8  # bits per letter of what a cipher hid, at most

Array = npt.NDArray[Any]


def gibberish(text: pl.Series) -> pl.Series:
    """Say why a reply is rejected as no language; null keeps it.

    For replies only: in a prompt, ciphers, codes and odd spelling are attacks, and a corpus wants them. A reply in a
    cipher that is easily undone (shifted or mirrored letters, base64, back to front) is kept too: it says something.

    Args:
        text: String column of replies. Null counts as empty.

    Returns:
        String column: ``"broken_characters"``, ``"gibberish"`` or null.
    """
    replies = text.fill_null("")
    counted = _counted(replies)
    broken = _broken(replies, counted["visible"])
    odd = _misspelt(counted) | _strange_han(counted)
    odd[[row for row in np.flatnonzero(odd & ~broken) if _hides_text(replies[int(row)])]] = False
    reason = pl.when(pl.Series(broken)).then(pl.lit("broken_characters")).when(pl.Series(odd)).then(pl.lit("gibberish"))
    return pl.select(reason.alias(text.name)).to_series()


def _broken(replies: pl.Series, visible: Array) -> Array:
    marks = np.zeros(len(replies))
    rows = replies.str.contains(BROKEN).arg_true()
    marks[rows.to_numpy()] = replies.gather(rows).str.count_matches(BROKEN).to_numpy()
    return marks > MAX_BROKEN * visible


def _misspelt(counted: dict[str, Array]) -> Array:
    letters = counted["letters"]
    enough = (letters >= MIN_LETTERS) & (letters >= MIN_SHARE * counted["visible"])
    few_vowels = counted["vowels"] < MIN_VOWELS * letters
    return enough & few_vowels & (counted["surprise"] > MAX_SURPRISE * counted["steps"])


def _strange_han(counted: dict[str, Array]) -> Array:
    han, pairs, kana = counted["han"], counted["pairs"], counted["kana"]
    rare = (han >= MIN_HAN) & (counted["rare"] > MAX_RARE * han)
    unseen = (pairs >= MIN_PAIRS) & (counted["seen"] < MIN_SEEN * pairs)
    return (
        (rare | unseen) & (han >= MIN_SHARE * counted["visible"]) & (kana <= 0.1 * (han + kana))
    )  # Japanese has pairs of its own


def _counted(text: pl.Series) -> dict[str, Array]:
    from corpus.filters.kernels import code_points
    from corpus.filters.spelling import COUNTS, spelling

    surprise, common, seen = _usual()
    return dict(zip(COUNTS, spelling(*code_points(text), surprise, common, seen, PAIR_BITS).T, strict=True))


@cache
def _usual() -> tuple[Array, Array, Array]:
    """Surprise of each letter after two others, common Han characters, and pairs of them that were seen."""
    from corpus.filters.kernels import code_points
    from corpus.filters.spelling import count_trigrams, mark_pairs

    points, _ = code_points(pl.Series(_seed_texts()))
    counts = count_trigrams(points) + 0.2  # so that what was never seen is a surprise and no impossibility
    return -np.log2(counts / counts.sum(axis=2, keepdims=True)), _common_han(), mark_pairs(points, PAIR_BITS)


def _seed_texts() -> list[str]:
    """Prompts and replies of the seed; the illogical ones would teach that anything goes."""
    lines = (line for path in sorted(SEED.glob("*/*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines())
    rows = (row for row in map(json.loads, lines) if row["label"] != "Illogical completion")
    return [f"  {row[name]}" for row in rows for name in ("prompt", "response")]


def _common_han() -> Array:
    """The first level of GB 2312 and of Big5: the characters that each standard held to be in common use."""
    levels = {"gb2312": (range(0xB0, 0xD8), range(0xA1, 0xFF)), "big5": (range(0xA4, 0xC7), range(0x40, 0xFF))}
    common = np.zeros(0x110000, dtype=np.bool_)
    for encoding, (rows, cells) in levels.items():
        chars = (bytes([row, cell]).decode(encoding, errors="ignore") for row in rows for cell in cells)
        common[[ord(char) for char in chars if len(char) == 1]] = True
    return common


def _hides_text(text: str) -> bool:
    lower = text.lower()
    keys = [alphabet[by:] + alphabet[:by] for by in range(1, 26)] + [alphabet[::-1]]
    turned = [lower[::-1], *(lower.translate(str.maketrans(alphabet, key)) for key in keys)]
    data = (run.rstrip("=") for run in BASE64.findall(text))
    decoded = [base64.b64decode(run[: len(run) // 4 * 4]).decode(errors="replace") for run in data]
    counted = _counted(pl.Series([*turned, *decoded]))
    english = (counted["letters"] >= MIN_LETTERS) & (counted["surprise"] < PLAIN * counted["steps"])
    chinese = (counted["han"] >= MIN_HAN) & ~_strange_han(counted)
    return bool(english.any() or chinese[len(turned) :].any())
