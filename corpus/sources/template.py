"""Templates such as `{instruction}: {input}`, filled from the fields of a record or read backwards.

A text without braces is the name of a field. `a.b.0` goes into nested values: key a, key b, first item.
"""

import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from corpus.readers.record import nearest


class Rejected(ValueError):
    """Why a record gives no row: one word, and what was found and expected, without its text."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@lru_cache(maxsize=1024)
def pieces(template: str) -> tuple[str, ...]:
    """Literal, field, literal, field, ..., literal."""
    if "{" not in template:
        return ("", template, "")
    return tuple(re.split(r"\{([^{}]+)\}", template))


def check(template: str) -> None:
    """Refuse braces that hold no field: they would stand in every row as they are.

    Raises:
        ValueError: If a brace has no partner, or nothing stands inside a pair.
    """
    if any(brace in literal for literal in pieces(template)[::2] for brace in "{}") or (
        "{" not in template and "}" in template
    ):
        raise ValueError(f"{template!r}: each field stands in one pair of braces, as in {{question}}")


def names(template: str) -> Iterator[str]:
    """The fields a template asks for."""
    yield from pieces(template)[1::2]


def look_up(fields: Mapping[str, Any], path: str) -> Any:
    """Value of a field, or of a nested one by its dotted path.

    Raises:
        Rejected: `missing_field`.
    """
    if path in fields:
        return fields[path]
    value: Any = fields
    for step in path.split("."):
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise Rejected("missing_field", f"no field {path!r}{nearest(path, list(fields))}")
    return value


def as_text(value: Any) -> str | None:
    """A short value (id, label, key) as the string that stands for it; null stays null.

    Raises:
        Rejected: `wrong_type` for a list or an object, `not_finite` for NaN or an infinite number.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        raise Rejected("not_finite", "expected a value, found NaN or an infinite number")
    if isinstance(value, int | float):
        return str(value)
    raise Rejected("wrong_type", f"expected one value, found {type(value).__name__}")


def fill(template: str, fields: Mapping[str, Any]) -> str | None:
    """The template with its fields put in; null if one of them is null.

    A single field is taken exactly as it stands; of a text made of several, outer white space goes.
    """
    literal, *rest = pieces(template)
    out = [literal]
    for name, after in zip(rest[::2], rest[1::2], strict=True):
        value = as_text(look_up(fields, name))
        if value is None:
            return None
        out += [value, after]
    text = "".join(out)
    return text if len(rest) == 2 and not out[0] and not out[2] else text.strip()


def parse(template: str, text: str) -> dict[str, str] | None:
    """Read a template backwards: the values of its fields in a text, or null where the text has another shape."""
    found = _backwards(template).fullmatch(text)
    return found.groupdict() if found else None


@lru_cache(maxsize=256)
def _backwards(template: str) -> re.Pattern[str]:
    parts = pieces(template)
    return re.compile(
        "".join(re.escape(part) if i % 2 == 0 else f"(?P<{part}>.*?)" for i, part in enumerate(parts)), re.DOTALL
    )
