"""Rewards: how good a completion is in one respect.

A reward has TRL's shape, `f(prompts, completions, **columns) -> list[float | None]`: None where it was not scored.
`prompts` are the requests as the user wrote them; the columns are those of the records, and `truncated`.
"""

from collections.abc import Callable

Reward = Callable[..., list[float | None]]
