"""Examples for base models and hints for variety, read from the YAML files beside the templates."""

from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict

from catalog import configuration
from synth.language import Language
from synth.prompts.templates import HERE


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Example(_Frozen):
    """A case and its answer, mild or with placeholders; `intended` names the label that it shows, if it shows one."""

    given: dict[str, str] = {}
    answer: dict[str, Any]
    intended: str | None = None


class _Examples(_Frozen):
    en: tuple[Example, ...]
    zh: tuple[Example, ...]


class _Hints(_Frozen):
    en: dict[str, tuple[str, ...]]
    zh: dict[str, tuple[str, ...]]


@cache
def _read(name: str) -> _Examples:
    return configuration.read(HERE / f"{name}.yaml", _Examples)


def examples(name: str, language: Language, *, intended: str | None = None) -> tuple[Example, ...]:
    """Examples of a generator in a language; with `intended`, those that show this label or none at all."""
    found: tuple[Example, ...] = getattr(_read(name), language)
    return tuple(one for one in found if intended is None or one.intended in (None, intended))


@cache
def hints(language: Language) -> dict[str, tuple[str, ...]]:
    """By kind (`persona`, `format`, `length`, `setting`), the hints that a request may carry."""
    found: dict[str, tuple[str, ...]] = getattr(configuration.read(HERE / "hints.yaml", _Hints), language)
    return found
