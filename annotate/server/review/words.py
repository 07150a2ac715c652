"""The search box: which words a record must hold, and which it must not.

Words are found anywhere in the text, so Chinese needs no segmentation and a two-character word is found like any other.
"""

import html
import re
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, not_, or_, true

MAX_WORDS = 50

_TOKEN = re.compile(r'(-?)(?:"([^"]*)"|([^\s"|]+))|(\|)')


class Words(NamedTuple):
    """A query read: every word of one group must be there, and none of the forbidden."""

    groups: list[list[str]]
    forbidden: list[str]


def read(query: str) -> Words:
    """Read `kill process`, `"kill process"`, `lock | key`, `lock -key`; a trailing `*` is of no effect.

    Any string is a query: what says nothing is skipped.
    """
    groups: list[list[str]] = [[]]
    forbidden: list[str] = []
    for minus, phrase, word, bar in _TOKEN.findall(query):
        if bar:
            groups.append([])
        elif text := phrase.strip() or word.rstrip("*"):
            (forbidden if minus else groups[-1]).append(text)
    return Words([group for group in groups if group], forbidden)


def holds(texts: list[ColumnElement[Any]], words: Words) -> ColumnElement[bool]:
    """SQL condition: one of the groups stands in the texts as a whole, no forbidden word does.

    Case counts for no ASCII letter. Text is pushed HTML-escaped, so it is searched as it was before.
    """
    written = [func.lower(_unescaped(func.coalesce(text, ""))) for text in texts]

    def stands(word: str) -> ColumnElement[bool]:
        return or_(*(func.instr(text, func.lower(word)) > 0 for text in written))

    wanted = or_(*(and_(*map(stands, group)) for group in words.groups)) if words.groups else true()
    return and_(wanted, *(not_(stands(word)) for word in words.forbidden))


def _unescaped(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """What `html.unescape` makes of text that `html.escape` wrote, in SQL: the ampersand last, as it came first."""
    for char in "<>\"'&":
        text = func.replace(text, html.escape(char), char)
    return text
