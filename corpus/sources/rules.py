"""The grammar of one row: which fields of a record it is made from, and what they mean."""

import re
from functools import cache
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from catalog import labels, taxonomy
from corpus.sources.template import as_text, check, names

Origin = Literal["human", "machine", "construction"]
Role = Literal["system", "user", "assistant"]
SUBCATEGORY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


class Frozen(BaseModel):
    """A part of a description: unknown keys are errors, and nothing changes once it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fixed(Frozen):
    """The same text in every row."""

    text: str


class Choice(Frozen):
    """A value that a field decides: by a table, by whether it equals another field, or as it stands without either."""

    field: str = Field(alias="from")
    map: dict[str, bool | str | None] | None = None
    equals: str | None = None
    then: bool | str | None = None
    otherwise: bool | str | None = Field(None, alias="else")

    @field_validator("map", mode="before")
    @classmethod
    def _keys_are_text(cls, table: Any) -> Any:
        if not isinstance(table, dict):
            return table
        as_texts = {as_text(key): value for key, value in table.items()}
        if len(as_texts) < len(table):
            raise ValueError("two keys of the table are the same as text: the fields of a record are compared as text")
        return as_texts

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        whole = [self.equals, self.then, self.otherwise]
        if any(part is not None for part in whole) and (None in whole or self.map is not None):
            raise ValueError("a comparison needs `equals`, `then` and `else`, and no `map`")
        return self

    def values(self) -> list[bool | str]:
        """The values that the description itself names."""
        return [value for value in (*(self.map or {}).values(), self.then, self.otherwise) if value is not None]

    def fields(self) -> set[str]:
        """Names of the fields that are asked."""
        return {self.field} | ({self.equals} if self.equals else set())


class Dialogue(Frozen):
    """A text that holds a whole dialogue: each turn after a blank line, its speaker and a colon."""

    dialogue: str
    turns: dict[str, Role] = Field(min_length=1)


class Turns(Frozen):
    """A list of turns, each an object whose `role` and `text` have names of their own (ShareGPT and its like)."""

    list: str
    role: str
    text: str
    turns: dict[str, Role] = Field(min_length=1)


class Row(Frozen):
    """How a record becomes one row: `prompt` and what stands beside it, or `messages`; and what is known of it.

    For `safety`, `label` and `unsafe` are one answer: a label that is known gives `unsafe`, and unsafe gives the label.
    With `when` the row is made only of records whose fields hold one of the values named there. An image whose rule
    ends in `?` may be absent: null or empty gives none; `image_text` is what is known to stand in the one picture. A
    category may be a sub-category (`violence/weapons`), of a dimension that suits the task (`is_category`).
    """

    when: dict[str, tuple[str | None, ...]] = {}
    system: str | Fixed | None = None
    prompt: str | Fixed | None = None
    response: str | Fixed | None = None
    messages: str | Dialogue | Turns | None = None
    images: tuple[str, ...] = ()
    image_text: str | Fixed | None = None
    source_id: str | Fixed | None = None
    source_label: str | Fixed | None = None
    source_group: str | Fixed | None = None
    task: Literal["safety", "value", "knowledge"] | None = None
    label: str | Choice | None = None
    unsafe: bool | Choice | None = None
    category: str | Choice | None = None
    origin: Origin | None = None

    @field_validator("when", mode="before")
    @classmethod
    def _values_are_text(cls, when: Any) -> Any:
        if not isinstance(when, dict):
            return when
        return {
            name: tuple(map(as_text, value if isinstance(value, list | tuple) else [value]))
            for name, value in when.items()
        }

    @model_validator(mode="after")
    def _one_exchange(self) -> Self:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("a row needs either `prompt` or `messages`")
        if self.messages is not None and (self.response is not None or self.system is not None or self.images):
            raise ValueError("`messages` hold every turn and its images; do not name them beside it")
        if self.image_text is not None and len(self.images) != 1:
            raise ValueError("`image_text` is the text of one picture, so `images` must name one")
        for template in self.templates():
            check(template)
        return self

    @model_validator(mode="after")
    def _known_labels(self) -> Self:
        given = [name for name in ("label", "unsafe") if getattr(self, name) is not None]
        if (self.task is None) != (not given):
            raise ValueError("a row has a `task` and an answer to it, or neither")
        if self.task not in (None, "safety") and given != ["label"]:
            raise ValueError(f"a {self.task} row has a `label` and no `unsafe`")
        for name, allowed in {"label": labels.TASKS.get(self.task or "", ()), "unsafe": (True, False)}.items():
            for value in _values(getattr(self, name)):
                if value not in allowed:
                    raise ValueError(f"{name} {value!r} is not one of {', '.join(map(repr, allowed))}")
        for value in self.categories():
            if not is_category(value, self.task):
                known = ", ".join(map(repr, _top_level(self.task)))
                raise ValueError(f"category {value!r} is not one of {known}, or one of them with /sub-category")
        return self

    def categories(self) -> list[str]:
        """The categories and sub-categories that the description itself names."""
        return [str(value) for value in _values(self.category)]

    def templates(self) -> list[str]:
        """The fields and templates that the row names."""
        exchange = self.messages
        if isinstance(exchange, Dialogue | Turns):
            exchange = exchange.dialogue if isinstance(exchange, Dialogue) else exchange.list
        texts = [self.system, self.prompt, self.response, exchange, *(image.removesuffix("?") for image in self.images)]
        texts += [self.image_text, self.source_id, self.source_label, self.source_group]
        return [text for text in texts if isinstance(text, str)]

    def shows(self) -> bool:
        """Whether pictures may stand in the row."""
        return bool(self.images) or isinstance(self.messages, str | Turns)

    def fields(self) -> set[str]:
        """Names of the fields that the row is made from."""
        found = {name for text in self.templates() for name in names(text)} | set(self.when)
        choices = [self.label, self.unsafe, self.category]
        return found.union(*(choice.fields() for choice in choices if isinstance(choice, Choice)))


def is_category(value: str | None, task: str | None) -> bool:
    """Whether a row of a task may have this category, or a sub-category of this shape.

    Any task may name a harm, value and knowledge rows also a category of their own dimension, and a row without a task
    one of any. Whether a sub-category exists is for `source check` to say.
    """
    category, slash, rest = (value or "").partition("/")
    return category in _top_level(task) and (not slash or SUBCATEGORY.fullmatch(rest) is not None)


@cache
def _top_level(task: str | None) -> dict[str, None]:
    named = {"safety": None, task: None} if task else dict.fromkeys(taxonomy.DIMENSIONS)
    return {entry.id: None for dimension in named for entry in taxonomy.categories(dimension)}


def _values(rule: bool | str | Choice | None) -> list[bool | str]:
    if isinstance(rule, Choice):
        return rule.values()
    return [] if rule is None else [rule]
