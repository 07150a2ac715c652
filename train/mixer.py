"""A mix says which rewards a record gets, by its label, and how much each weighs: versioned data, checked first."""

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field

from train.rewards import Reward

HOME = Path(__file__).parent / "mixes"

Scores = dict[str, list[float | None]]


class Mix(BaseModel):
    """Total reward of a record = the sum of weight x component over its row and over `every`.

    Source:
        SafeWork-R1, arXiv 2507.18576 (M3-RL): R = F + sum of w r over the recipe of the record's label.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int = Field(ge=1)
    source: str
    every: dict[str, float] = Field(default_factory=dict, description="Components of every record, with weights")
    rows: dict[str, dict[str, float]] = Field(description="Record label to its components, with weights")

    @classmethod
    def load(cls, name: str) -> Self:
        """Read a shipped mix.

        Raises:
            LookupError: If no mix has this name; the message names the nearest one.
        """
        shipped = {path.stem: path for path in sorted(HOME.glob("*.yaml"))}
        if name not in shipped:
            raise LookupError(f"no mix {name!r}{_nearest(name, shipped)}")
        return cls.model_validate(yaml.safe_load(shipped[name].read_text(encoding="utf-8")))

    def weights(self, label: str) -> dict[str, float]:
        """Weight of each component of a record label.

        Raises:
            LookupError: If the mix has no row for the label.
        """
        if label not in self.rows:
            raise LookupError(f"mix {self.name} has no row for record label {label!r}{_nearest(label, self.rows)}")
        return {**self.every, **self.rows[label]}

    def needed(self, labels: Iterable[str]) -> list[str]:
        """Names of the components that records with these labels need, sorted.

        Raises:
            LookupError: If the mix has no row for a label.
        """
        return sorted({name for label in set(labels) for name in self.weights(label)})

    def check(self, labels: Iterable[str], components: Iterable[str]) -> None:
        """Hold before the first step, so that no record is ever rewarded by a default.

        Raises:
            LookupError: If a label has no row, or a component that a row needs is not there.
        """
        there = sorted(components)
        for name in self.needed(labels):
            if name not in there:
                raise LookupError(f"mix {self.name} needs the component {name!r}{_nearest(name, there)}")

    def score(
        self,
        labels: Sequence[str],
        rewards: Mapping[str, Reward],
        prompts: Sequence[str],
        completions: Sequence[str],
        **columns: Sequence[Any],
    ) -> Scores:
        """Run each reward on the rows whose label needs it; elsewhere it is None.

        Args:
            labels: Record label of each row.
            rewards: Component name to reward.
            prompts: Requests as the user wrote them.
            completions: Whole replies.
            columns: Further columns of the rows, each as long as `labels`.
        """
        scores: Scores = {}
        for name in self.needed(labels):
            rows = [i for i, label in enumerate(labels) if name in self.weights(label)]
            picked = {column: [values[i] for i in rows] for column, values in columns.items()}
            values = rewards[name]([prompts[i] for i in rows], [completions[i] for i in rows], **picked)
            scores[name] = [None] * len(labels)
            for i, value in zip(rows, values, strict=True):
                scores[name][i] = value
        return scores

    def __call__(self, labels: Sequence[str], components: Mapping[str, Sequence[float | None]]) -> list[float | None]:
        """Total reward of each row; None where a component that the row needs was not scored.

        Raises:
            LookupError: If a label has no row, or a component is missing.
            ValueError: If a component is as long as no row, or holds a number that is not finite.
        """
        self.check(labels, components)
        for name, values in components.items():
            if len(values) != len(labels):
                raise ValueError(f"component {name} has {len(values)} rewards for {len(labels)} rows")
            if not all(value is None or math.isfinite(value) for value in values):
                raise ValueError(f"component {name} holds a number that is not finite; not scored is None")
        return [
            self._total(label, {name: values[i] for name, values in components.items()})
            for i, label in enumerate(labels)
        ]

    def _total(self, label: str, scored: Mapping[str, float | None]) -> float | None:
        total = 0.0
        for name, weight in self.weights(label).items():
            value = scored[name]
            if value is None:
                return None
            total += weight * value
        return total


def _nearest(name: str, valid: Iterable[str]) -> str:
    there = list(valid)
    close = difflib.get_close_matches(name, there, n=1, cutoff=0.5)
    return (f"; did you mean {close[0]!r}?" if close else "") + f" There are: {', '.join(there) or 'none'}"
