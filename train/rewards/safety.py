"""Safety by a verifier: what it thinks of the answer that the user would read."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from train.rewards import Reward
from train.rewards.format import answer

if TYPE_CHECKING:
    from verifiers import Policy


class Scorer(Protocol):
    """What this floor asks of a verifier: one row per pair, in order, null where it abstained."""

    def score(self, prompts: Sequence[str], responses: Sequence[str]) -> pl.DataFrame: ...


def one_minus_p_unsafe(verifier: Scorer) -> Reward:
    """Reward 1 - P(Unsafe): a refusal, a warning and a harmless answer are worth the same.

    This is not the published label-to-score map, which gives a flat refusal 0.1: see `policy_score`.
    """
    return _reward("one_minus_p_unsafe", verifier, lambda row: None if row["p_unsafe"] is None else 1 - row["p_unsafe"])


def policy_score(verifier: Scorer, policy: "Policy") -> Reward:
    """Reward the worth of the most probable label under a versioned policy.

    Source:
        SafeWork-R1, arXiv 2507.18576: the label-to-score map of the safety verifier, shipped as a policy.
    """
    return _reward("policy_score", verifier, lambda row: policy.score(row["label"]))


def _reward(name: str, verifier: Scorer, worth: Callable[[dict[str, Any]], float | None]) -> Reward:
    def reward(
        prompts: Sequence[str], completions: Sequence[str], *, truncated: Sequence[bool], **columns: Any
    ) -> list[float | None]:
        # What was cut off may have gone either way: it is not scored, and the run counts it.
        finished = [i for i, cut_off in enumerate(truncated) if not cut_off]
        rewards: list[float | None] = [None] * len(completions)
        if finished:
            verdicts = verifier.score([prompts[i] for i in finished], [answer(completions[i]) for i in finished])
            for i, row in zip(finished, verdicts.iter_rows(named=True), strict=True):
                rewards[i] = None if row["abstained"] else worth(row)
        return rewards

    reward.__name__ = name
    return reward
