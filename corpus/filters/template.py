"""What a template left in a text: tokens of chat templates, turns of another exchange, fields that nobody filled."""

from functools import cache
from pathlib import Path

import polars as pl
import yaml

MARKS = Path(__file__).with_name("template.yaml")

# A reply may show a template: between fences, or between back quotes in a line.
CODE = r"(?s)```.*?(?:```|$)|`[^`\n]+`"


@cache
def _book() -> dict[str, dict[str, list[str]]]:
    return yaml.safe_load(MARKS.read_text(encoding="utf-8"))


def template(text: pl.Series) -> pl.Series:
    """Say why a reply is rejected for what a chat template left in it; null keeps it.

    What stands in code (between ``` or `) is shown and not left. A reply that writes a talk between a user and an
    assistant line by line, because it was asked to, looks like a leak and is taken for one.

    Args:
        text: String column of replies. Null counts as empty.

    Returns:
        String column: ``"template_tokens"``, ``"template_turns"`` or null.
    """
    return _first(text, {"tokens": "template_tokens", "turns": "template_turns"})


def placeholders(text: pl.Series) -> pl.Series:
    """Say why a text is rejected for fields that nobody filled; null keeps it.

    ``[Your Name]`` under a letter is how a model answers who was told no name: reject it where finished text is wanted.

    Args:
        text: String column. Null counts as empty.

    Returns:
        String column: ``"placeholders"`` or null.
    """
    return _first(text, {"placeholders": "placeholders"})


def _first(text: pl.Series, reasons: dict[str, str]) -> pl.Series:
    texts = text.fill_null("")
    found = pl.repeat(None, len(text), dtype=pl.String, eager=True).alias(text.name)
    for kind, reason in reversed(reasons.items()):
        marks, patterns = _book()[kind]["marks"], "|".join(f"(?:{pattern})" for pattern in _book()[kind]["patterns"])
        marked = texts.to_frame("t").select(pl.col("t").str.contains_any(marks, ascii_case_insensitive=True))
        rows = marked["t"].arg_true()
        shown = texts.gather(rows).str.replace_all(CODE, " ")
        found = found.scatter(rows.filter(shown.str.contains(f"(?i:{patterns})")), reason)
    return found
