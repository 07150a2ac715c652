"""The reply format: a short reasoning between think tags, then the answer."""

import re
from collections.abc import Sequence
from typing import Any

OPEN, CLOSE = "<think>", "</think>"
_WELL_FORMED = re.compile(r"\s*<think>[^<>]*[^<>\s][^<>]*</think>[^<>]*[^<>\s][^<>]*")


def answer(completion: str) -> str:
    """What the user reads: the text after the last closing think tag, or all of it where there is none."""
    return completion.rpartition(CLOSE)[2].strip()


def well_formed(completion: str) -> bool:
    """Whether there is one non-empty think block, then a non-empty answer, and no other tag."""
    return _WELL_FORMED.fullmatch(completion) is not None


def format_reward(prompts: Sequence[str], completions: Sequence[str], **columns: Any) -> list[float | None]:
    """1 where the completion is well formed, else 0. A truncated completion is judged by what stands there.

    Source:
        SafeWork-R1, arXiv 2507.18576: the format component, with one think block instead of any number.
    """
    return [float(well_formed(completion)) for completion in completions]
