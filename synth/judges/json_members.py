"""The members of a JSON object that are whole, also where the text was cut off."""

import json
import re
from typing import Any

_FENCED = re.compile(r"\s*```(?:json)?[ \t]*\n(.*?)(?:\n```\s*)?", re.DOTALL)
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_int=float, strict=False)  # models put line breaks into strings
_NUMBER_TAIL = re.compile(r"[.eE][+\-0-9]*")
_BEGUN = ("true", "false", "null", "-")


def members(text: str) -> list[tuple[str, Any]] | None:
    """Keys and values in order, keys given twice included; None where the text is no object, or anything beside one.

    A value counts once a comma or the closing bracket stands after it: of `{"score": 1` nobody knows whether it would
    have been 10. A fence around the whole object is tolerated.
    """
    fenced = _FENCED.fullmatch(text)
    text = fenced[1] if fenced else text
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        return None
    found: list[tuple[str, Any]] = []
    at = _skip(text, at + 1)
    if text[at : at + 1] == "}":
        return found if _skip(text, at + 1) == len(text) else None
    try:
        while True:
            key, at = _DECODER.raw_decode(text, at)
            at = _skip(text, at)
            if not isinstance(key, str) or text[at : at + 1] not in (":", ""):
                return None
            value, at = _DECODER.raw_decode(text, _skip(text, at + 1))
            at = _skip(text, at)
            mark = text[at : at + 1]
            if mark not in (",", "}", ""):
                return found if _NUMBER_TAIL.fullmatch(text, at) else None
            if mark:
                found.append((key, value))
            if mark == "}":
                return found if _skip(text, at + 1) == len(text) else None
            at = _skip(text, at + 1)
    except json.JSONDecodeError as error:
        return found if _cut_off(text, error) else None
    except RecursionError:
        return None


def _cut_off(text: str, error: json.JSONDecodeError) -> bool:
    """Whether the text is in order up to its end. Else it is damaged, and nothing in it counts."""
    rest = text[error.pos :].strip()
    begun = _NUMBER_TAIL.fullmatch(rest) is not None or any(word.startswith(rest) for word in _BEGUN)
    escape = error.msg.startswith("Invalid \\u") and len(rest) < len("\\u1234")
    return begun or escape or error.msg.startswith("Unterminated string")


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else len(text)
