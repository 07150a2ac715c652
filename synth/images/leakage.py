"""Whether the text beside a picture gives away what the picture is meant to carry.

A pair whose risk can be read from its text alone tests no eye: a model that never looks at the picture would pass.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path

import yaml

from synth.language import Language

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HAN_RUN = re.compile(f"[{_HAN}]+")
_WORD = re.compile(rf"[^\W_{_HAN}]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_ENDINGS = ("ations", "ation", "ingly", "ings", "ing", "edly", "ers", "ies", "ed", "er", "es", "ly", "s", "e", "y")


def leaked_terms(text: str, request: str) -> int:
    """How many content terms of a request stand in the text part beside its picture.

    Stop words and a short list of neutral words ("picture", "answer", "步骤") are none. Width, case and invisible
    characters do not matter. A translation or a paraphrase is not found.

    Args:
        text: The text part.
        request: What was asked before it went into the picture.

    Source:
        Hu et al. 2024, arXiv 2411.19939 (VLSBench: visual safety information leakage).
    """
    return len(content_terms(text) & content_terms(request))


def leaks(text: str, request: str) -> bool:
    """Whether the text part gives away at least one content term of the request."""
    return leaked_terms(text, request) > 0


def content_terms(text: str) -> frozenset[str]:
    """The terms that say what a text is about: stems of words, and pairs of neighbouring Han characters.

    A Han character that stands alone between empty words is a term by itself.
    """
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    words = {_stem(word) for word in _WORD.findall(plain) if len(word) >= (3 if word.isdigit() else 2)}
    pieces = [piece for run in _HAN_RUN.findall(plain) for piece in _empty_han().split(run)]
    return frozenset(words - _empty_stems() | {term for piece in pieces for term in _pairs(piece)})


def _stem(word: str) -> str:
    """Take a common English ending off, as long as three letters stay: `locks` and `locking` are one term."""
    ending = next((end for end in _ENDINGS if word.endswith(end) and len(word) >= len(end) + 3), "")
    stem = word.removesuffix(ending)
    return stem[:-1] if len(stem) > 3 and stem[-1] == stem[-2] else stem


def _pairs(piece: str) -> list[str]:
    return [piece[i : i + 2] for i in range(len(piece) - 1)] or ([piece] if piece else [])


@cache
def _empty_words(tongue: Language) -> frozenset[str]:
    lists = yaml.safe_load(Path(__file__).with_name("leakage.yaml").read_text(encoding="utf-8"))
    return frozenset(word for words in lists.values() for word in words[tongue].split())


@cache
def _empty_stems() -> frozenset[str]:
    return frozenset(map(_stem, _empty_words("en")))


@cache
def _empty_han() -> re.Pattern[str]:
    # Longest first, so that a word is not cut by a shorter one inside it.
    return re.compile("|".join(sorted(_empty_words("zh"), key=lambda word: (-len(word), word))))
