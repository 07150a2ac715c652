"""The words that an attack puts around a request, and how they are taken off again."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from synth.errors import NotApplicable
from synth.language import Language


@cache
def book(name: str) -> dict[str, Any]:
    """A file of words beside this one."""
    return yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def wordings(name: str) -> dict[Language, list[str]]:
    """All wordings of an attack by language, each with one `{}` for the request; empty where it has no words."""
    return book("words.yaml").get(name, {})


def unworded(text: str, name: str) -> str:
    """What stands in the place of `{}` in the first wording that fits.

    Raises:
        NotApplicable: `not_disguised` where none of the wordings is around the text.
    """
    for wording in (one for several in wordings(name).values() for one in several):
        before, _, after = wording.partition("{}")
        if text.startswith(before) and text.endswith(after) and len(text) >= len(before) + len(after):
            return text[len(before) : len(text) - len(after)]
    raise NotApplicable("not_disguised")
