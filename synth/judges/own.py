"""What a judge says itself: not what it thinks aloud, and not what it quotes.

A candidate that writes its own verdict is quoted by many a judge, so whatever may be a quotation is left out. Taking
out too much leaves an answer without a verdict; taking out too little would let the candidate grade itself.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from synth.inference.request import Choice

T = TypeVar("T")

_LINE = re.compile(r"\r\n|\n|\r")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)")
_QUOTE = re.compile(r"\s*[>＞]")
# Quotations over several lines. A straight quotation mark opens where a word begins: not after a digit, as in 5".
_SPAN = re.compile(r"“[^”]*”|「[^」]*」|『[^』]*』|(?<![^\s(（:：,，。])\"(?=\S)[^\"]*\"")
_GONE = "“”"  # stands for a quotation, so that what is left and right of it never becomes one line
_THINK = re.compile(r"<(/?)think>", re.IGNORECASE)
# Full-width forms of ASCII, as a Chinese keyboard gives them. Compatibility forms such as ² are no digits here.
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_EMPHASIS = "*_"
_END = " .!。;"


def after_thinking(text: str) -> str:
    """What stands after the last closing think tag; nothing of a block that is never closed.

    Source:
        Published safety judges read the final answer of a reply only: SafeWork-R1, arXiv 2507.18576.
    """
    tags = list(_THINK.finditer(text))
    closing = [tag.end() for tag in tags if tag[1]]
    rest = text[closing[-1] :] if closing else text
    opening = _THINK.search(rest)
    return rest[: opening.start()] if opening else rest


def own(text: str) -> str:
    """An answer without fenced blocks, lines quoted with `>`, quotations over several lines, and thinking."""
    kept: list[str] = []
    fence = None
    for line in _LINE.split(text):
        mark = _FENCE.fullmatch(line)
        if fence is not None:
            closes = mark is not None and mark[1].startswith(fence) and not mark[2].strip()
            fence = None if closes else fence
        elif mark is not None:
            fence = mark[1]
        elif not _QUOTE.match(line):
            kept.append(line)
    return after_thinking(_SPAN.sub(_GONE, "\n".join(kept)))


def own_lines(choice: Choice) -> list[str]:
    """The judge's own lines that are not empty. Of an answer that was cut off the last line is out: it is not whole."""
    lines = own(choice.text).split("\n")
    if choice.finish_reason == "length":
        lines = lines[:-1]
    return [line for line in lines if line.strip()]


def plain(text: str) -> str:
    """Full-width forms as ASCII, and no white space around."""
    return text.translate(_WIDE).strip()


def bare(text: str) -> str:
    """A text without emphasis around it and without the stop at its end."""
    return plain(text).strip(_EMPHASIS + " ").rstrip(_END + _EMPHASIS)


def keyed(lines: Iterable[str], keys: Sequence[str]) -> list[str]:
    """The values of lines `key: value`, one for each line that has one of the keys, in any case."""
    known = {key.lower() for key in keys}
    found = []
    for line in lines:
        key, colon, value = plain(line).partition(":")
        if colon and key.strip(_EMPHASIS + " ").lower() in known:
            found.append(bare(value))
    return found


def settle(values: Sequence[T | None]) -> tuple[str | None, T | None]:
    """One verdict out of all that an answer gives: what is wrong with them, or the one they agree on.

    Args:
        values: What each keyed line says, None where that is nothing declared. Such a line is no verdict; but as the
            last one it takes back what was said before.

    Returns:
        `("no_verdict" | "undeclared" | "disagree", None)` or `(None, verdict)`.
    """
    if not values:
        return "no_verdict", None
    said = {value for value in values if value is not None}
    if not said:
        return "undeclared", None
    if len(said) > 1 or values[-1] is None:
        return "disagree", None
    return None, said.pop()
