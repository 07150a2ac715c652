"""JSON lines, and JSON files that hold a list of objects."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from corpus.readers.encoding import open_text
from corpus.readers.record import BadRecord, ReadError, Record, damaged, nearest, to_record


def read_jsonl(path: Path, *, encoding: str | None = None) -> Iterator[Record | BadRecord]:
    r"""One object a line. Lines end at \n alone: U+2028 and its like inside a string are text."""
    with open_text(path, encoding=encoding, newline="\n") as lines:
        yield from _lines(lines)


def _lines(lines: Iterable[str]) -> Iterator[Record | BadRecord]:
    number = 0
    for line in lines:
        if not line.strip():
            continue
        number += 1
        if damaged(line):
            yield BadRecord(number, "bad_encoding", "the line holds bytes that are not UTF-8")
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield BadRecord(number, "bad_json", _what(error))
            continue
        yield to_record(number, value, clean="\\u" not in line)  # faults hide behind escapes alone


def _what(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos + 1}"
    return type(error).__name__


def read_json(path: Path, *, key: str | None = None, encoding: str | None = None) -> Iterator[Record | BadRecord]:
    """A list of objects, an object that holds one under `key`, or JSON lines in a file that is named .json.

    Args:
        path: The file.
        key: Dotted path of the list inside the object; None where the file itself is the list.
        encoding: Its codec, where it cannot be found.

    Raises:
        ReadError: If the file is none of these, or there is no list under the key.
    """
    with open_text(path, encoding=encoding, newline="\n") as file:
        text = file.read()
    if not text.strip():
        return
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = text.split("\n")
        if not _mostly_objects(lines):
            raise ReadError(f"{path} is no JSON: {_what(error)}; expected a list of objects or JSON lines") from None
        yield from _lines(lines)
        return
    found = _descend(path, value, key)
    for number, item in enumerate(found if isinstance(found, list) else [found], start=1):
        yield to_record(number, item)


def _mostly_objects(lines: list[str]) -> bool:
    filled = [line for line in lines if line.strip()]
    return 2 * sum(isinstance(record, Record) for record in _lines(filled)) > len(filled)


def _descend(path: Path, value: Any, key: str | None) -> Any:
    for name in key.split(".") if key else ():
        if not isinstance(value, dict) or name not in value:
            names = list(value) if isinstance(value, dict) else []
            raise ReadError(f"{path} has no {name!r} (of `records: {key}`){nearest(name, names)}")
        value = value[name]
    if key and not isinstance(value, list):
        raise ReadError(f"{path} holds {type(value).__name__} under {key!r}; expected a list of objects")
    return value
