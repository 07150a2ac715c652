"""Rendering: the templates are ours, the rows are values and never a template."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from synth.language import Language

HERE = Path(__file__).parent
Part = Literal["instructions", "intro", "given"]


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # plain text for a model; nothing of it is ever shown as HTML
    )
    # One line whatever stands in a row: a blank line in a request must not look like the next example.
    environment.filters["quoted"] = lambda text: json.dumps(text, ensure_ascii=False)
    return environment


@cache
def _macros(name: str, language: Language) -> Any:
    return _environment().get_template(f"{name}.{language}.j2").module


def render(name: str, language: Language, part: Part, case: Mapping[str, Any] | None = None) -> str:
    """One part of a generator's prompt.

    Args:
        name: Name of the generator.
        language: Language of the template.
        part: `instructions` and `given` take a case, `intro` takes none.
        case: What the template may name. A name that is missing is an error, never an empty text.
    """
    macro = getattr(_macros(name, language), part)
    return str(macro() if case is None else macro(case)).strip()


def sources(name: str) -> dict[str, str]:
    """Text of all files that decide a generator's prompts, for a fingerprint."""
    files = (f"{name}.en.j2", f"{name}.zh.j2", f"{name}.yaml", "hints.yaml")
    return {file: (HERE / file).read_text(encoding="utf-8") for file in files}
