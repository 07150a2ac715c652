"""The plan as a file: which generator is to bring how many rows into which cell."""

from pathlib import Path
from typing import Self

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from catalog import configuration, taxonomy
from catalog.files import LocalFiles
from catalog.labels import TASKS
from synth.balance.routes import GENERATORS
from synth.balance.targets import Language, Modality, Task
from synth.generators.eligible import refusal


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Job(_Frozen):
    """One generator, one cell. Without a sub-category it may start from rows of any: the rows it makes are harmless."""

    generator: str
    task: Task
    category: str | None = None
    subcategory: str | None = None
    language: Language
    modality: Modality
    label: str
    rows: int = Field(ge=1, description="Rows that are to be kept")
    requests: int = Field(ge=1, description="Requests that this is expected to take")

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name, value, among in (("generator", self.generator, GENERATORS), ("label", self.label, TASKS[self.task])):
            if value not in among:
                near = configuration.nearest(value, among)
                raise ValueError(f"no {name} {value!r}" + (f"; did you mean {near!r}?" if near else ""))
        for id in filter(None, (self.category, self.subcategory)):
            try:
                found = taxonomy.get(id)
            except KeyError as error:
                raise ValueError(error.args[0]) from None
            if why := refusal(found.id):
                raise ValueError(f"{id}: nothing is generated for it ({why})")
        if self.subcategory and self.category != self.subcategory.partition("/")[0]:
            raise ValueError(f"{self.subcategory} does not lie in category {self.category}")
        return self


class Plan(_Frozen):
    """Jobs in the order of their generators; `rows` is what they add up to."""

    rows: int = Field(ge=0)
    jobs: tuple[Job, ...]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        found = sum(job.rows for job in self.jobs)
        if found != self.rows:
            raise ValueError(f"rows: the jobs add up to {found}, not {self.rows}: write `rows: {found}`")
        return self

    @classmethod
    def of(cls, jobs: pl.DataFrame) -> Self:
        """The plan of a frame of jobs, as `plan.plan` gives it."""
        return cls(rows=jobs["rows"].sum(), jobs=tuple(Job(**row) for row in jobs.iter_rows(named=True)))


def write_plan(jobs: pl.DataFrame, path: Path) -> None:
    """Write a plan as YAML, one job a line; the file appears whole.

    Args:
        jobs: As `plan.plan` gives them.
        path: The file.
    """
    plan = Plan.of(jobs)
    # A list of plain mappings is written one a line; libyaml, where PyYAML was built with it, is ten times as fast.
    text = yaml.dump(
        plan.model_dump(mode="json", exclude_none=True),
        Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper),
        default_flow_style=None,
        sort_keys=False,
        width=10_000,
    )
    LocalFiles(path.parent, private=False).put(path.name, text.encode())


def read_plan(path: Path) -> Plan:
    """Read a plan.

    Raises:
        ValueError: If it does not have the shape of a plan; the message names the file and what to mend.
    """
    return configuration.read(path, Plan)
