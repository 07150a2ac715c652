"""The shape of an answer, and how it is read out of what a model wrote."""

import json
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synth.generators.made import Unparsed
from synth.inference.request import Choice

# Lengths in characters: long enough for a few sentences, short enough that a model which never stops is stopped.
Prose = Annotated[str, Field(min_length=1, max_length=500)]
Line = Annotated[str, Field(min_length=1, max_length=240)]
Fact = Annotated[str, Field(min_length=1, max_length=80)]

_DECODER = json.JSONDecoder()
_THOUGHT = "</think>"


class Output(BaseModel):
    """An answer: of exactly these fields and types; nothing is converted, since nothing is guessed.

    `asks` says that its sentences are questions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    asks: ClassVar[bool] = False


class Reply(Output):
    """An answer that is plain text."""

    reply: str


Shape = TypeVar("Shape", bound=Output)


def read_json(choice: Choice, shape: type[Shape]) -> Shape:
    """The first JSON object of an answer, after any thought.

    A text that is exactly as long as its field allows was cut by the grammar that held it there.

    Raises:
        Unparsed: `empty`, `no_json`, `cut_off` or `schema`.
    """
    unfinished = choice.finish_reason == "length"
    text = choice.text.rpartition(_THOUGHT)[2].strip()
    if not text:
        raise Unparsed("cut_off" if unfinished else "empty")
    start = text.find("{")
    try:
        value, _ = _DECODER.raw_decode(text, start if start >= 0 else len(text))
    except (ValueError, RecursionError):  # a number of thousands of digits is a ValueError too
        raise Unparsed("cut_off" if unfinished else "no_json") from None
    try:
        output = shape.model_validate(value)
    except ValidationError:
        raise Unparsed("schema") from None
    limits = _limits(shape)
    for name, values in _texts(output).items():
        if any(len(one) >= limits.get(name, len(one) + 1) for one in values):
            raise Unparsed("cut_off")
        if not all(one.strip() for one in values):
            raise Unparsed("empty")
    return output


def read_text(choice: Choice) -> Reply:
    """An answer as it stands; a thought that the server took out of it is put back in front.

    Raises:
        Unparsed: `empty`, `cut_off`, or `bad_text` where it holds half a character.
    """
    said = choice.text.strip()
    if choice.finish_reason == "length":
        raise Unparsed("cut_off")
    if not said:
        raise Unparsed("empty")
    if choice.reasoning:
        said = f"<think>\n{choice.reasoning.strip()}\n{_THOUGHT}\n\n{said}"
    try:
        said.encode()
    except UnicodeEncodeError:
        raise Unparsed("bad_text") from None
    return Reply(reply=said)


def written(output: Output, *, but: frozenset[str] = frozenset()) -> list[str]:
    """The texts of an answer, those in lists too, without the fields that `but` names."""
    return [one for name, values in _texts(output).items() if name not in but for one in values]


def _texts(output: Output) -> dict[str, list[str]]:
    fields = {name: value if isinstance(value, list) else [value] for name, value in output.model_dump().items()}
    return {name: [one for one in values if isinstance(one, str)] for name, values in fields.items()}


@cache
def schema(shape: type[Output]) -> dict[str, Any]:
    """JSON schema that an answer is held to."""
    return shape.model_json_schema()


@cache
def _limits(shape: type[Output]) -> dict[str, int]:
    fields = schema(shape)["properties"]
    limits = {name: field.get("items", field).get("maxLength") for name, field in fields.items()}
    return {name: limit for name, limit in limits.items() if limit is not None}
