"""One thing that was looked at, and what the areas are told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """What was found, and the command that mends it.

    `missing` is what can be done without, and says what it is needed for; `wrong` is what must be mended.
    """

    state: Literal["ok", "missing", "wrong"]
    what: str
    mend: str = ""
    area: str = ""


@dataclass(frozen=True)
class Request:
    """Where to look, and how closely: `alone` if one area was asked for, so that it may take seconds."""

    store: Path
    data: Path
    alone: bool = False
    full: bool = False


def ok(what: str) -> Finding:
    """It is there and works."""
    return Finding("ok", what)


def missing(what: str, mend: str) -> Finding:
    """It is not there; other things work without."""
    return Finding("missing", what, mend)


def wrong(what: str, mend: str) -> Finding:
    """It does not hold."""
    return Finding("wrong", what, mend)
