"""What a reader gives: a record, or the reason why there is none."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

_HALF = re.compile("[\ud800-\udfff]")
MAX_DEPTH = 100
_NAME = re.compile(r"[\w$][\w$.-]{0,39}", re.ASCII)
_NAME_ZH = re.compile(r"\w{1,8}")


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


class Doubled(dict[str, Any]):
    """A JSON object in which one key stands twice, so that a value of it is lost."""


def is_name(key: str) -> bool:
    """Whether a message may show a key: a short word. Others may be texts of the data, such as a first row of cells."""
    return bool(_NAME.fullmatch(key) or _NAME_ZH.fullmatch(key))


def nearest(name: str, names: list[str]) -> str:
    """Half a sentence that points to the most similar of the names."""
    found = get_close_matches(name, filter(is_name, names), n=1, cutoff=0.5)
    return f"; the nearest is {found[0]!r}" if found else ""


def fault(value: Any, path: str = "", depth: int = 0) -> tuple[str, str] | None:
    """(reason, detail) for a value that no table can store, else None.

    Args:
        value: A value of JSON.
        path: Where it stands in the record.
        depth: How many objects and lists are around it.
    """
    if depth > MAX_DEPTH:
        return "too_deep", f"the record holds more than {MAX_DEPTH} objects and lists inside each other"
    if isinstance(value, str):
        if "\0" in value:
            return "nul_byte", f"{_field(path)} holds the character NUL"
        if damaged(value):
            return "lone_surrogate", f"{_field(path)} holds half of a surrogate pair, which UTF-8 cannot store"
    elif isinstance(value, dict):
        if isinstance(value, Doubled):
            return "duplicate_key", f"{_field(path)} has one key twice"
        for key, item in value.items():
            inner = f"{path}.{_short(key)}".lstrip(".")
            if found := fault(key, f"{path} (a key)") or fault(item, inner, depth + 1):
                return found
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if found := fault(item, f"{path}.{i}", depth + 1):
                return found
    return None


def _field(path: str) -> str:
    return f"field {path!r}" if path else "the record"


def _short(key: str) -> str:
    return key if is_name(key) else f"({len(key)} characters)"


def strings(value: Any) -> Iterator[str]:
    """Every text inside a value, keys aside."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def damaged(text: str) -> bool:
    """Whether bytes were found in a UTF-8 text that are no UTF-8."""
    return not text.isascii() and _HALF.search(text) is not None


def to_record(line: int, value: Any) -> Record | BadRecord:
    """A record, if the value is an object that can be stored."""
    if not isinstance(value, dict):
        return BadRecord(line, "not_an_object", f"expected an object with named fields, found {type(value).__name__}")
    wrong = fault(value)
    return BadRecord(line, *wrong) if wrong else Record(line, value)
