"""Arithmetic by rule: the integer in the last box against the gold answer."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from train.rewards.format import answer

_BOX = re.compile(r"\\boxed\{([^{}]*)\}")
# Full-width digits and the typographic minus are what a Chinese keyboard gives; int() reads the digits itself.
_INTEGER = re.compile(r"[+\-−－]?\d+")


def read_integer(text: str | None) -> int | None:
    """The integer that a text is, or None where it is anything else. Commas between thousands are allowed."""
    bare = (text or "").strip().replace(",", "").replace("，", "")
    return int(bare.replace("−", "-").replace("－", "-")) if _INTEGER.fullmatch(bare) else None


def check_gold(golds: Iterable[tuple[str, str | None]]) -> None:
    """Refuse records whose gold answer cannot be read, before the run: they would count as wrong for ever.

    Args:
        golds: (sample_id, gold answer) pairs.

    Raises:
        ValueError: Naming the records.
    """
    unusable = [sample_id for sample_id, gold in golds if read_integer(gold) is None]
    if unusable:
        raise ValueError(
            f"{len(unusable)} math records have a gold answer that is no integer, the first {unusable[0]}; "
            "mend their `reference` or leave them out"
        )


def boxed_reward(
    prompts: Sequence[str],
    completions: Sequence[str],
    *,
    reference: Sequence[str | None],
    truncated: Sequence[bool],
    **columns: Any,
) -> list[float | None]:
    """1 where the last box of the answer holds the gold integer, else 0.

    Without a box a finished completion is wrong; one that was cut off before it could write a box was not scored.
    A gold answer that cannot be read gives no score either; `check_gold` refuses it before a run.
    """
    return [
        _score(completion, gold, cut_off)
        for completion, gold, cut_off in zip(completions, reference, truncated, strict=True)
    ]


def _score(completion: str, gold: str | None, truncated: bool) -> float | None:
    expected = read_integer(gold)
    boxes = _BOX.findall(answer(completion))
    if expected is None or (truncated and not boxes):
        return None
    return float(bool(boxes) and read_integer(boxes[-1]) == expected)
