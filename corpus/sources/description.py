"""The grammar of a source description: where its files are, and how a record becomes one or more rows.

Fields are named, or put into templates (`corpus.sources.template`); labels go through small tables. There is no code in
a description, and a value that a table does not name is a rejection, never a default.
"""

from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from catalog import labels
from corpus.readers.open import Format
from corpus.sources.template import as_text, names

FOLDER = Path(__file__).parent
Origin = Literal["human", "machine", "construction"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fixed(_Frozen):
    """The same text in every row."""

    text: str


class Choice(_Frozen):
    """A value that a field decides: by the table, or as it stands where there is no table."""

    field: str = Field(alias="from")
    map: dict[str, bool | str | None] | None = None

    @field_validator("map", mode="before")
    @classmethod
    def _keys_are_text(cls, table: Any) -> Any:
        return {as_text(key): value for key, value in table.items()} if isinstance(table, dict) else table


class Row(_Frozen):
    """How a record becomes one row: `prompt` and `response`, or `messages`, and what is known of it.

    For `safety`, `label` and `unsafe` are one answer: a label that is known gives `unsafe`, and unsafe gives the label.
    """

    prompt: str | Fixed | None = None
    response: str | Fixed | None = None
    messages: str | None = None
    images: tuple[str, ...] = ()
    source_id: str | Fixed | None = None
    source_label: str | Fixed | None = None
    source_group: str | Fixed | None = None
    task: Literal["safety", "value", "knowledge"] | None = None
    label: str | Choice | None = None
    unsafe: bool | Choice | None = None
    category: str | Choice | None = None
    origin: Origin | None = None

    @model_validator(mode="after")
    def _one_exchange(self) -> Self:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("a row needs either `prompt` or `messages`")
        if self.messages is not None and (self.response is not None or self.images):
            raise ValueError("`messages` hold the response and the images; do not name them beside it")
        return self

    @model_validator(mode="after")
    def _known_labels(self) -> Self:
        given = [name for name in ("label", "unsafe") if getattr(self, name) is not None]
        if (self.task is None) != (not given):
            raise ValueError("a row has a `task` and an answer to it, or neither")
        if self.task not in (None, "safety") and given != ["label"]:
            raise ValueError(f"a {self.task} row has a `label` and no `unsafe`")
        for name, allowed in {
            "label": labels.TASKS.get(self.task or "", ()),
            "unsafe": (True, False),
            "category": tuple(labels.CATEGORIES),
        }.items():
            for value in _values(getattr(self, name)):
                if value not in allowed:
                    raise ValueError(f"{name} {value!r} is not one of {', '.join(map(repr, allowed))}")
        return self

    def fields(self) -> set[str]:
        """Names of the fields that the row is made from."""
        texts = [self.prompt, self.response, self.messages, *self.images]
        texts += [self.source_id, self.source_label, self.source_group]
        choices = [self.label, self.unsafe, self.category]
        return {name for text in texts if isinstance(text, str) for name in names(text)} | {
            choice.field for choice in choices if isinstance(choice, Choice)
        }


def _values(rule: bool | str | Choice | None) -> list[bool | str]:
    if isinstance(rule, Choice):
        return [value for value in (rule.map or {}).values() if value is not None]
    return [] if rule is None else [rule]


class Lookup(_Frozen):
    """A table beside the records: where its `key` is what `field` says, its `value` becomes the field `into`."""

    field: str
    file: str
    key: str
    value: str
    into: str


class Files(_Frozen):
    """Files of one shape. `parse` reads a field by a template backwards: `{"prompt": "Q: {question} A: {answer}"}`."""

    glob: str
    format: Format | None = None
    encoding: str | None = None
    columns: tuple[str, ...] | None = None
    records: str | None = None
    parse: dict[str, str] = {}
    lookup: Lookup | None = None
    rows: tuple[Row, ...] = Field(min_length=1)

    def columns_needed(self) -> set[str]:
        """Columns that a table must have: what the rows ask for, less what `parse` and `lookup` add."""
        asked = set().union(*(row.fields() for row in self.rows)) | set(self.parse)
        added = {name for template in self.parse.values() for name in names(template)}
        if self.lookup:
            asked.add(self.lookup.field)
            added.add(self.lookup.into)
        return asked - added

    @field_validator("parse")
    @classmethod
    def _readable_backwards(cls, templates: dict[str, str]) -> dict[str, str]:
        for template in templates.values():
            fields = list(names(template))
            if "{" not in template or len(set(fields)) < len(fields) or not all(map(str.isidentifier, fields)):
                raise ValueError(f"{template!r} must hold fields in braces, each with a plain name of its own")
        return templates

    @model_validator(mode="after")
    def _named_columns(self) -> Self:
        missing = sorted(self.columns_needed() - set(self.columns)) if self.columns else []
        if missing:
            raise ValueError(f"`columns` lacks {missing[0]!r}, which a row asks for")
        return self


class Source(_Frozen):
    """A data set: where it comes from, under which licence, and how its records become rows.

    `packaged` says that its files ship with the project instead of lying under the data root; `note` says what is left
    out, and why.
    """

    slug: str
    title: str
    home: str
    license: str
    tier: Literal["open", "restricted"]
    citation: str
    languages: tuple[str, ...]
    label_origin: Origin
    note: str = ""
    packaged: bool = False
    files: tuple[Files, ...] = Field(min_length=1)

    @classmethod
    def load(cls, slug: str) -> "Source":
        """The source of this name.

        Raises:
            ValueError: If there is none; names the nearest.
        """
        if slug not in available():
            near = get_close_matches(slug, available(), n=1, cutoff=0)
            raise ValueError(f"no source {slug!r}; the nearest is {near[0]!r}")
        return cls.from_yaml(FOLDER / f"{slug}.yaml")

    @classmethod
    def from_yaml(cls, path: Path | str) -> "Source":
        """A source described in a YAML file.

        Raises:
            ValueError: If the description does not keep to the grammar; says where.
        """
        try:
            return cls.model_validate(yaml.safe_load(Path(path).read_text(encoding="utf-8")))
        except yaml.YAMLError as error:
            raise ValueError(f"{path} is no YAML: {error}") from None
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'source'}: {e['msg']}" for e in error.errors())
            raise ValueError(f"{path} describes no source: {wrong}") from None


def available() -> list[str]:
    """Slugs of the sources that come with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))
