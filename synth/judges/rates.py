"""A rate among samples of which some were not scored: over those that were, and between what the others allow."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import sqrt

from pydantic import BaseModel, ConfigDict

from synth.judges.judgement import Judgement

_Z = 1.959963984540054  # 97.5th percentile of the normal distribution: a 95% interval


class Rate(BaseModel):
    """How many of how many, and who is not among them.

    Args:
        hits: Scored samples that are what is counted.
        scored: Samples with a score.
        unscored: Samples without one, by reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hits: int
    scored: int
    unscored: dict[str, int]

    @property
    def total(self) -> int:
        return self.scored + sum(self.unscored.values())

    @property
    def value(self) -> float | None:
        """Share among the scored; None where nothing was."""
        return self.hits / self.scored if self.scored else None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The rate over all samples if none of the unscored were hits, and if all were. None where there are none."""
        if not self.total:
            return None
        return self.hits / self.total, (self.hits + self.total - self.scored) / self.total

    @property
    def interval(self) -> tuple[float, float] | None:
        """95% interval for chance among the scored; the bounds are for what was not scored."""
        return wilson(self.hits, self.scored)


def wilson(hits: int, trials: int) -> tuple[float, float] | None:
    """95% interval of a share; None without trials.

    Source:
        Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if not trials:
        return None
    share, z2 = hits / trials, _Z * _Z
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z * sqrt(share * (1 - share) / trials + z2 / (4 * trials**2)) / (1 + z2 / trials)
    return max(0.0, middle - half), min(1.0, middle + half)


def rate(results: Iterable[tuple[bool | None, str | None]]) -> Rate:
    """The rate of pairs (hit, reason): whether a sample is one that is counted, or None and why it was not scored.

    Raises:
        ValueError: If an unscored result gives no reason: it would be counted nowhere.
    """
    hits = scored = 0
    unscored: Counter[str] = Counter()
    for number, (hit, reason) in enumerate(results):
        if hit is None:
            if reason is None:
                raise ValueError(f"result {number} has neither a score nor a reason for having none")
            unscored[reason] += 1
        else:
            hits, scored = hits + hit, scored + 1
    return Rate(hits=hits, scored=scored, unscored=dict(sorted(unscored.items())))


def unsafe_rates(
    judgements: Iterable[Judgement], *, groups: Mapping[str, str] | None = None
) -> dict[tuple[str, str], Rate]:
    """Rate of unsafe replies by judge and group: with attacks as groups, the attack success rate of each.

    Args:
        judgements: Of tasks about safety; others are left out.
        groups: Group of a sample, such as the attack that made it; a sample without one is in group `all`.

    Returns:
        Rates by (judge, group).
    """
    found: dict[tuple[str, str], list[tuple[bool | None, str | None]]] = {}
    for one in judgements:
        if one.task in ("safety", "unsafe"):
            group = (groups or {}).get(one.sample_id, "all")
            found.setdefault((one.judge, group), []).append((one.unsafe, one.outcome))
    return {key: rate(results) for key, results in sorted(found.items())}
