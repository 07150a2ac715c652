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

    Raises:
        Unparsed: `empty`, `no_json`, `cut_off`, `too_long` or `schema`.
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
    except ValidationError as error:
        only_long = {one["type"] for one in error.errors(include_input=False)} == {"string_too_long"}
        raise Unparsed("too_long" if only_long else "schema") from None
    if not all(text.strip() for text in written(output)):
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
    fields = output.model_dump().items()
    values = (value if isinstance(value, list) else [value] for name, value in fields if name not in but)
    return [one for many in values for one in many if isinstance(one, str)]


@cache
def schema(shape: type[Output]) -> dict[str, Any]:
    """JSON schema of an answer."""
    return shape.model_json_schema()
