"""The grammar of a source description: where its files are, and how a record becomes one or more rows.

Fields are named, or put into templates (`corpus.sources.template`); labels go through small tables. There is no code in
a description, and a value that a table does not name is a rejection, never a default. `docs/add-a-source.md` shows it.
"""

import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, field_validator, model_validator

from catalog import configuration
from corpus.readers.open import Format
from corpus.sources.rules import Frozen, Origin, Row
from corpus.sources.template import check, names
from corpus.sources.types import PLAIN, TYPE

FOLDER = Path(__file__).parent


def _inside(path: str) -> str:
    """A path or pattern inside the folder of a source, in its shortest form.

    Raises:
        ValueError: If it leads out of the folder, or is empty.
    """
    place = PurePosixPath(path)
    if place.is_absolute() or ".." in place.parts or not place.parts:
        raise ValueError(f"{path!r}: expected a path inside the folder of the source, without `..`")
    return str(place)


Inside = Annotated[str, AfterValidator(_inside)]


class Lookup(Frozen):
    """A table beside the records: where its `key` is what `field` says, its `value` becomes the field `into`.

    A CSV or JSON-lines table names the columns of both. In a JSON object the keys are the keys unless another is named,
    and the value is the whole of it, or a dotted path inside.
    """

    field: str
    file: Inside
    key: str = "$key1"
    value: str = "$value"
    into: str

    @field_validator("field")
    @classmethod
    def _whole_braces(cls, field: str) -> str:
        check(field)
        return field

    @property
    def records(self) -> str | None:
        """The `records` path that reads the table."""
        return "*" if self.key == "$key1" else None


class Hub(Frozen):
    """A data set on the Hugging Face Hub; a local copy in the data root under the slug is read instead of it."""

    id: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    config: str | None = None
    split: str = "train"
    revision: str | None = None


class Files(Frozen):
    """Files of one shape, or a split of a data set on the Hub.

    `records` is the dotted path of the records inside a JSON file; `*` walks over keys or items. `zip` names parallel
    lists that become one record per item. `types` declares what fields hold (`corpus.sources.types`). `parse` reads a
    field by a template backwards: `{"prompt": "Q: {question} A: {answer}"}`.
    """

    glob: Inside | None = None
    hub: Hub | None = None
    format: Format | None = None
    encoding: str | None = None
    columns: tuple[str, ...] | None = None
    records: str | None = None
    types: dict[str, str] = Field({})
    zip: tuple[str, ...] = ()
    parse: dict[str, str] = Field({})
    lookups: tuple[Lookup, ...] = ()
    rows: tuple[Row, ...] = Field(min_length=1)

    def columns_needed(self) -> set[str]:
        """Columns that a table must have: what the rows ask for, less what `parse`, `lookups` and the reader add."""
        asked = set().union(*(row.fields() for row in self.rows)) | set(self.parse) | set(self.zip)
        asked |= {name for lookup in self.lookups for name in names(lookup.field)}
        added = {name for template in self.parse.values() for name in names(template)}
        added |= {lookup.into for lookup in self.lookups}
        return {name for name in asked - added if not name.startswith("$")}

    @field_validator("types")
    @classmethod
    def _known_types(cls, types: dict[str, str]) -> dict[str, str]:
        for path, declared in types.items():
            if not TYPE.fullmatch(declared):
                raise ValueError(
                    f"{path}: {declared!r} is none of {', '.join(PLAIN)}, [one of them], or one with ? behind"
                )
        return types

    @field_validator("parse")
    @classmethod
    def _readable_backwards(cls, templates: dict[str, str]) -> dict[str, str]:
        for template in templates.values():
            check(template)
            fields = list(names(template))
            if "{" not in template or len(set(fields)) < len(fields) or not all(map(str.isidentifier, fields)):
                raise ValueError(f"{template!r} must hold fields in braces, each with a plain name of its own")
        return templates

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.glob is None) == (self.hub is None):
            raise ValueError("an entry needs either `glob` or `hub`")
        only_files = {"format": self.format, "encoding": self.encoding, "columns": self.columns}
        beside = [name for name, value in {**only_files, "records": self.records}.items() if value is not None]
        if self.hub and beside:
            raise ValueError(f"`{beside[0]}` says how to read a file; a `hub` entry has none")
        return self

    @model_validator(mode="after")
    def _named_columns(self) -> Self:
        missing = sorted(self.columns_needed() - set(self.columns)) if self.columns else []
        if missing:
            raise ValueError(f"`columns` lacks {missing[0]!r}, which a row asks for")
        return self


class Source(Frozen):
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
    _beside: Path | None = PrivateAttr(None)  # the folder of a description of one's own

    @field_validator("slug")
    @classmethod
    def _is_a_slug(cls, slug: str) -> str:
        if not re.fullmatch(r"\w[\w.-]*", slug) or slug == "synth":  # the source of rows that the factory makes
            raise ValueError("expected letters, digits, `.`, `_` and `-`, a letter or digit first; `synth` is taken")
        return slug

    @property
    def beside(self) -> Path | None:
        """Folder of the YAML file of a source that does not ship with the project: its files may lie there."""
        return self._beside

    @classmethod
    def load(cls, name: str) -> "Source":
        """The source of this slug, or the one that a YAML file describes.

        Raises:
            ValueError: If there is none; names the nearest where one is near.
        """
        if name.endswith((".yaml", ".yml")):
            return cls.from_yaml(name)
        if name not in available():
            near = configuration.nearest(name, available())
            meant = f"; did you mean {near!r}?" if near else "."
            raise ValueError(
                f"no source {name!r}{meant} `safeladder source list` lists them; one of your own is a .yaml file"
            )
        return cls.from_yaml(FOLDER / f"{name}.yaml")

    @classmethod
    def from_yaml(cls, path: Path | str) -> "Source":
        """A source described in a YAML file.

        Raises:
            ValueError: If the description does not keep to the grammar; says where. If it bears the slug of a
                shipped source.
            FileNotFoundError: If there is no such file.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"no description at {path}; the shipped ones: `safeladder source list`")
        source = configuration.read(path, cls)
        if path.parent.resolve() != FOLDER.resolve():
            if source.slug in available():
                raise ValueError(f"{path}: slug {source.slug} is that of a shipped source; choose another")
            source._beside = path.parent
        return source


def available() -> list[str]:
    """Slugs of the sources that come with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))
