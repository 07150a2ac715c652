"""What there should be: how many rows each cell is to have."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from catalog import configuration, taxonomy
from catalog.labels import TASKS

Task = Literal["safety", "value", "knowledge"]
Language = Literal["en", "zh"]
Modality = Literal["text", "image"]

CLOSE = 1e-6  # shares written with six digits add up to one


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Override(_Frozen):
    """A number of rows for every cell that agrees with the keys that are given."""

    task: Task | None = None
    category: str | None = None
    subcategory: str | None = None
    language: Language | None = None
    modality: Modality | None = None
    label: str | None = None
    rows: int = Field(ge=0, description="Rows of each such cell")


class Difficulty(_Frozen):
    """Which prompts teach something: those that a policy gets wrong sometimes, neither never nor always.

    A row whose share of wrong rollouts was measured and lies outside fills no cell.
    """

    low: float = Field(0.2, ge=0, le=1)
    high: float = Field(0.8, ge=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low} lies above high {self.high}")
        return self


class Novelty(_Frozen):
    """Which rows are new: those that no other row says nearly the same as. A row below the least fills no cell."""

    least: float = Field(0.02, ge=0, le=2, description="1 - cosine to the nearest other row, of multilingual-e5-small")


class Targets(_Frozen):
    """What a balanced corpus holds. The defaults are a start, not a finding: 100,000 rows, half English, half Chinese.

    Rows of a cell = rows x share of the task x 1/categories x 1/sub-categories x share of the language x share of the
    modality x share of the label: a product of marginals, as if they were independent. A sub-category that comes to
    less than `least_per_subcategory` is raised to it, in the same proportions. A harmless request has no sub-category,
    since each names a harm: `harmless` is the share of the safety rows that answer one, with labels of their own.
    """

    rows: int = Field(100_000, ge=1)
    tasks: dict[Task, float] = {"safety": 0.6, "value": 0.2, "knowledge": 0.2}
    languages: dict[Language, float] = {"en": 0.5, "zh": 0.5}
    modalities: dict[Modality, float] = {"text": 0.7, "image": 0.3}
    labels: dict[Task, dict[str, float]] = {
        "safety": {
            "Safe with refusal": 0.2,
            "Safe with warning": 0.2,
            "Safe without risk": 0.1,
            "Unsafe": 0.45,
            "Illogical completion": 0.05,
        },
        "value": {"bad": 0.5, "good": 0.5},
        "knowledge": {"FALSE": 0.5, "TRUE": 0.5},
    }
    harmless: float = Field(0.3, ge=0, le=1)
    harmless_labels: dict[str, float] = {
        "Safe without risk": 0.6,
        "Unnecessary refusal": 0.35,
        "Illogical completion": 0.05,
    }
    least_per_subcategory: int = Field(100, ge=0)
    cells: tuple[Override, ...] = Field((), description="Exceptions; of two that agree with a cell the later counts")
    difficulty: Difficulty = Difficulty()
    novelty: Novelty = Novelty()

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        shares: dict[str, Mapping[Any, float]] = {
            "tasks": self.tasks,
            "languages": self.languages,
            "modalities": self.modalities,
        }
        for task in self.tasks:
            if task not in self.labels:
                raise ValueError(f"labels.{task} is missing: how the rows of {task} are shared between its labels")
            shares[f"labels.{task}"] = _labels_of(task, self.labels[task], f"labels.{task}")
        shares["harmless_labels"] = _labels_of("safety", self.harmless_labels, "harmless_labels")
        for name, parts in shares.items():
            if any(part < 0 for part in parts.values()) or abs(sum(parts.values()) - 1) > CLOSE:
                raise ValueError(f"{name}: shares must be 0 or more and add up to 1, not {sum(parts.values()):g}")
        for override in self.cells:
            for id in filter(None, (override.category, override.subcategory)):
                try:
                    taxonomy.get(id)
                except KeyError as error:
                    raise ValueError(f"cells: {error.args[0]}") from None
        return self


def _labels_of(task: Task, shares: dict[str, float], place: str) -> dict[str, float]:
    for label in shares:
        if label not in TASKS[task]:
            near = configuration.nearest(label, TASKS[task])
            meant = f"; did you mean {near!r}?" if near else f"; its labels: {', '.join(TASKS[task])}"
            raise ValueError(f"{place}: {label!r} is no label of {task}{meant}")
    return shares
