"""What the taxonomy is made of: entries of two levels in three dimensions, in two languages."""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from catalog import configuration, ids
from catalog.taxonomy.crosswalk import Crosswalk, Match

Dimension = Literal["safety", "value", "knowledge"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
LISTS = {
    "dimension": "`safeladder taxonomy show`",
    "id": "`safeladder taxonomy show`",
    "scheme": "`safeladder taxonomy crosswalk`",
    "label": "`safeladder taxonomy crosswalk SCHEME`",
}
VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Frozen):
    """The same thing said in both languages: `words["zh"]`."""

    en: str
    zh: str

    def __getitem__(self, language: str) -> str:
        return {"en": self.en, "zh": self.zh}[language]


class Entry(_Frozen):
    """A category (`violence`) or a sub-category (`violence/weapons`); `boundary` says what it is not."""

    id: str = Field(pattern=r"^[a-z]+(_[a-z]+)*(/[a-z]+(-[a-z]+)*)?$")
    name: Words
    definition: Words
    boundary: Words | None = Field(None, alias="not")

    @property
    def category(self) -> str:
        """Id of the category that the entry is, or lies in."""
        return self.id.partition("/")[0]

    @property
    def is_category(self) -> bool:
        """Whether the entry is of the first level."""
        return "/" not in self.id


class _File(_Frozen):
    version: str = Field(pattern=f"^{VERSION.pattern}$")
    entries: tuple[Entry, ...]
    replaced_by: dict[str, str] = {}


class Taxonomy(_Frozen):
    """One version of the taxonomy, with its crosswalks.

    `replaced_by` maps each id that was moved or removed to the one id that now holds its rows.
    """

    version: str
    dimensions: dict[Dimension, tuple[Entry, ...]]
    replaced_by: dict[str, str]
    crosswalks: dict[str, Crosswalk]

    @classmethod
    def read(cls, folder: Path) -> "Taxonomy":
        """The taxonomy kept in a folder: `safety.yaml`, `value.yaml`, `knowledge.yaml` and `crosswalks/*.yaml`.

        Raises:
            ValueError: If a file does not have the shape of its kind, or the three differ in their version.
        """
        files = {dimension: configuration.read(folder / f"{dimension}.yaml", _File) for dimension in DIMENSIONS}
        versions = {dimension: file.version for dimension, file in files.items()}
        if len(set(versions.values())) > 1:
            raise ValueError(f"{folder}: the three files must have one version, not {versions}")
        return cls(
            version=files["safety"].version,
            dimensions={dimension: file.entries for dimension, file in files.items()},
            replaced_by={old: new for file in files.values() for old, new in file.replaced_by.items()},
            crosswalks={
                path.stem: configuration.read(path, Crosswalk)
                for path in sorted((folder / "crosswalks").glob("*.yaml"))
            },
        )

    @cached_property
    def _by_id(self) -> dict[str, Entry]:
        return {entry.id: entry for entries in self.dimensions.values() for entry in entries}

    @cached_property
    def digest(self) -> str:
        """Sha256 of the entries: what a label means. Crosswalks, comments and the order of keys are left out."""
        return ids.digest({name: [entry.model_dump() for entry in rows] for name, rows in self.dimensions.items()})

    def entries(self) -> list[Entry]:
        """All entries, dimension by dimension, in the order of their files."""
        return [entry for entries in self.dimensions.values() for entry in entries]

    def categories(self, dimension: str) -> list[Entry]:
        """The first level of a dimension.

        Raises:
            KeyError: If there is no such dimension; names the nearest where one is near.
        """
        entries = self.dimensions[_known(dimension, self.dimensions, "dimension")]
        return [entry for entry in entries if entry.is_category]

    def subcategories(self, category: str) -> list[Entry]:
        """The second level under a category; under a sub-category there is nothing.

        Raises:
            KeyError: If there is no such id; names the nearest where one is near.
        """
        found = self.get(category).id
        return [entry for entry in self.entries() if entry.id.startswith(f"{found}/")]

    def get(self, id: str) -> Entry:
        """The entry of an id; an id that was replaced gives the entry that holds its rows now.

        Raises:
            KeyError: If there is no such id; names the nearest where one is near.
        """
        current = self.replaced_by.get(id, id)
        return self._by_id[_known(current, self._by_id, "id")]

    def dimension(self, id: str) -> Dimension:
        """The dimension that an id lies in.

        Raises:
            KeyError: If there is no such id; names the nearest where one is near.
        """
        entry = self.get(id)
        return next(name for name, entries in self.dimensions.items() if entry in entries)

    def crosswalk(self, scheme: str) -> Crosswalk:
        """How the labels of a published scheme map to ours.

        Raises:
            KeyError: If there is no such scheme; names the nearest where one is near.
        """
        return self.crosswalks[_known(scheme, self.crosswalks, "scheme")]

    def to_ours(self, scheme: str, label: str) -> Match:
        """Where a label of a published scheme goes.

        Raises:
            KeyError: If the scheme or the label is not known; names the nearest where one is near.
        """
        labels = self.crosswalk(scheme).labels
        return labels[_known(label, labels, "label")]


def _known(name: str, among: Mapping[Any, Any], kind: str) -> Any:
    if name in among:
        return name
    near = configuration.nearest(name, map(str, among))
    meant = f"; did you mean {near!r}?" if near else "."
    raise KeyError(f"no {kind} {name!r}{meant} {LISTS[kind]} lists them")
