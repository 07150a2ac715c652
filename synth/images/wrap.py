"""Break a text into lines: Chinese between any two characters, other scripts between words."""

import re
from collections.abc import Callable

_OPENING = "（《〈「『【〔“‘"
_CLOSING = "，。、；：！？）》〉」』】〕”’…"
_HAN = "\u2e80-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
# A closing mark stays with the character before it and an opening one with that behind it: no line begins or ends with
# the wrong one, as Chinese typesetting asks.
_TOKEN = re.compile(
    rf"\s+|[{_OPENING}]*(?:(?![{_OPENING}{_CLOSING}])[{_HAN}]|[^\s{_HAN}{_OPENING}{_CLOSING}]+)?[{_CLOSING}]*"
)


def wrap(text: str, *, width: float, measure: Callable[[str], float]) -> list[str]:
    """Lines of a text, none wider than `width` unless a single character is.

    A word that is wider than a line is broken inside. Line breaks of the text stay; white space at a break goes.

    Args:
        text: Text with `\\n` between its own lines.
        width: Widest line, in the unit of `measure`.
        measure: Width of a string.
    """
    return [line for paragraph in text.split("\n") for line in _wrap_paragraph(paragraph, width, measure)]


def _wrap_paragraph(paragraph: str, width: float, measure: Callable[[str], float]) -> list[str]:
    lines, line = [], ""
    for token in filter(None, _TOKEN.findall(paragraph)):
        if measure((line + token).rstrip()) <= width:
            line += token
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = token.lstrip()
        while measure(line) > width and len(line) > 1:
            fits = next(n for n in range(len(line) - 1, 0, -1) if n == 1 or measure(line[:n]) <= width)
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line.rstrip()]
