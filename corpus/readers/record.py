"""What a reader gives: a record, or the reason why there is none."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

_HALF = re.compile("[\ud800-\udfff]")


class Record(NamedTuple):
    """One record of a file.

    `line` is its number in the file, from 1; `fields` are its values by name, strings where the file holds strings.
    """

    line: int
    fields: dict[str, Any]


class BadRecord(NamedTuple):
    """A record that cannot be read: why, as one word, and what was found, without its text."""

    line: int
    reason: str
    detail: str


class ReadError(ValueError):
    """A whole file that cannot be read; names the file and what was expected of it."""


def nearest(name: str, names: list[str]) -> str:
    """Half a sentence that points to the most similar of the names."""
    found = get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; the nearest is {found[0]!r}" if found else ""


def fault(value: Any) -> tuple[str, str] | None:
    """(reason, detail) for a value whose strings no table can store, else None."""
    for text in _strings(value):
        if "\0" in text:
            return "nul_byte", "a string holds the character NUL"
        if _HALF.search(text):
            return "lone_surrogate", "a string holds half of a surrogate pair, which UTF-8 cannot store"
    return None


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def damaged(text: str) -> bool:
    """Whether bytes were found in a UTF-8 text that are no UTF-8."""
    return _HALF.search(text) is not None


def to_record(line: int, value: Any, *, clean: bool = False) -> Record | BadRecord:
    """A record, if the value is an object that can be stored.

    Args:
        line: Number of the record.
        value: What the file holds there.
        clean: True where its strings are known to be without fault.
    """
    if not isinstance(value, dict):
        return BadRecord(line, "not_an_object", f"expected an object with named fields, found {type(value).__name__}")
    wrong = None if clean else fault(value)
    return BadRecord(line, *wrong) if wrong else Record(line, value)
