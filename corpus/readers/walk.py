"""The way to the records inside a JSON value: a dotted path in which `*` walks over keys or items."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus.readers.record import BadRecord, Doubled, ReadError, Record, nearest, to_record

ANY = "*"
ITEMS = "[]"  # the list that a path without a last `*` leads to

Found = tuple[tuple[str, ...], Any]


def walk(file: Path, value: Any, path: str | None, *, start: int = 1) -> Iterator[Record | BadRecord]:
    """Records of a JSON value, numbered in their order.

    Without a path the value is a list of records, or one record. A path leads to a list of records; where it ends in
    `*`, to the records themselves, and one that is no object becomes the field `$value`. The keys, or the positions
    from 0, that the i-th `*` walked over become the field `$key1`, `$key2`, ...

    Args:
        file: Where the value stands, for messages.
        value: What the file holds.
        path: Dotted path, such as `data.rows` or `*.*`.
        start: Number of the first record.

    Raises:
        ReadError: If the path leads nowhere; what follows its first `*` is checked record by record.
    """
    steps = path.split(".") if path else []
    if not steps:
        items = value if isinstance(value, list) else [value]
        yield from (to_record(number, item) for number, item in enumerate(items, start))
        return
    bare = steps[-1] == ANY
    leaves = _leaves(file, value, steps if bare else [*steps, ITEMS], (), path or "")
    for number, found in enumerate(leaves, start):
        if isinstance(found, BadRecord):
            yield found._replace(line=number)
            continue
        keys, leaf = found
        if bare and not isinstance(leaf, dict):
            leaf = {"$value": leaf}
        if keys and isinstance(leaf, dict):
            leaf = type(leaf)({**leaf, **{f"$key{i}": key for i, key in enumerate(keys, start=1)}})
        yield to_record(number, leaf)


def _leaves(file: Path, value: Any, steps: list[str], keys: tuple[str, ...], path: str) -> Iterator[Found | BadRecord]:
    if not steps:
        yield keys, value
        return
    if isinstance(value, Doubled):
        raise ReadError(f"{file}: an object on the way of `records: {path}` has one key twice; rename or join them")
    step, *rest = steps
    if step == ANY and isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(file, item, rest, (*keys, str(key)), path)
    elif step == ITEMS and isinstance(value, list):
        yield from ((keys, item) for item in value)
    elif isinstance(value, dict) and step in value:
        yield from _leaves(file, value[step], rest, keys, path)
    else:
        yield _astray(file, value, step, keys, path)


def _astray(file: Path, value: Any, step: str, keys: tuple[str, ...], path: str) -> BadRecord:
    kind = type(value).__name__
    if step == ITEMS:
        what = f"holds {kind} under {path!r}; expected a list of objects"
    elif step == ANY:
        what = f"holds {kind} where `*` of `records: {path}` expects an object or a list"
    else:
        what = f"has no {step!r} (of `records: {path}`){nearest(step, list(value) if isinstance(value, dict) else [])}"
    if not keys:
        raise ReadError(f"{file} {what}")
    return BadRecord(0, "missing_field", f"what the first {len(keys)} `*` lead to {what}")
