"""JSON lines, and JSON files that hold records somewhere inside one value; each may stand under the other's name."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any

from corpus.readers.record import BadRecord, Doubled, ReadError, Record, damaged, to_record
from corpus.readers.walk import walk


def read_jsonl(path: Path, lines: IO[str], *, key: str | None = None) -> Iterator[Record | BadRecord]:
    r"""One object a line; a file that holds one JSON value instead is read as that.

    Lines end at \n alone: U+2028 and its like inside a string are text.

    Args:
        path: The file, for messages.
        lines: Its text.
        key: Path of the records inside each line (`corpus.readers.walk`); None where each line is one.
    """
    first = next((line for line in lines if line.strip()), "")
    if isinstance(_parsed(first), dict):
        yield from _lines(path, chain([first], lines), key)
        return
    text = first + lines.read()
    value = _parsed(text)
    whole = isinstance(value, dict) or (isinstance(value, list) and _mostly_objects(value))
    yield from _inside(path, text, value, key) if whole else _lines(path, text.split("\n"), key)


def read_json(path: Path, file: IO[str], *, key: str | None = None) -> Iterator[Record | BadRecord]:
    """A list of objects, a value that holds records under `key`, or JSON lines in a file that is named .json.

    Args:
        path: The file, for messages.
        file: Its text.
        key: Path of the records inside the value (`corpus.readers.walk`); None where the file itself is the list.

    Raises:
        ReadError: If the file is none of these, or the path leads nowhere.
    """
    text = file.read()
    if not text.strip():
        return
    try:
        value = parse(text)
    except (ValueError, RecursionError) as error:
        lines = text.split("\n")
        if not _mostly_objects([_parsed(line) for line in lines if line.strip()]):
            raise ReadError(f"{path} is no JSON: {_what(error)}; expected a list of objects or JSON lines") from None
        yield from _lines(path, lines, key)
        return
    yield from _inside(path, text, value, key)


def _inside(path: Path, text: str, value: Any, key: str | None) -> Iterator[Record | BadRecord]:
    """Records of a whole file; bytes that are not UTF-8 have the same reason here as on a line of their own."""
    broken = damaged(text)
    for record in walk(path, value, key):
        if broken and isinstance(record, BadRecord) and record.reason == "lone_surrogate":
            yield BadRecord(record.line, "bad_encoding", "the record holds bytes that are not UTF-8")
        else:
            yield record


def _lines(path: Path, lines: Iterable[str], key: str | None) -> Iterator[Record | BadRecord]:
    number = 1
    for line in lines:
        if line.strip():
            for record in _line(path, line, key, number):
                yield record
                number = record.line + 1


def _line(path: Path, line: str, key: str | None, number: int) -> list[Record | BadRecord]:
    if damaged(line):
        return [BadRecord(number, "bad_encoding", "the line holds bytes that are not UTF-8")]
    try:
        value = parse(line)
    except (ValueError, RecursionError) as error:
        return [BadRecord(number, "bad_json", _what(error))]
    if key is None:
        return [to_record(number, value)]
    try:
        found = list(walk(path, value, key, start=number))
        return found or [BadRecord(number, "empty_list", f"the line holds nothing where `records: {key}` leads to")]
    except ReadError as error:
        return [BadRecord(number, "missing_field", str(error))]


def parse(text: str) -> Any:
    """A JSON value, in which an object that has one key twice is a `Doubled`.

    Raises:
        ValueError: If it is no JSON.
        RecursionError: If it is nested too deep.
    """
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Doubled(found)


def _parsed(text: str) -> Any:
    try:
        return parse(text)
    except (ValueError, RecursionError):
        return None


def _mostly_objects(values: list[Any]) -> bool:
    return 2 * sum(isinstance(value, dict) for value in values) > len(values)


def _what(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos + 1}"
    return type(error).__name__
