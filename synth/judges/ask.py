"""What a judge is sent: rules in the language of the exchange, the exchange as fenced data, and what to write."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from synth.judges.contracts import Contract
from synth.judges.subject import Subject
from synth.language import Language

_HOME = Path(__file__).with_name("prompts")
_TILDES = re.compile(r"~+")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HOME),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )


@cache
def _shots(tongue: Language) -> dict[str, list[dict[str, str]]]:
    return yaml.safe_load((_HOME / f"shots.{tongue}.yaml").read_text(encoding="utf-8"))


def rules(template: str, contract: Contract, tongue: Language) -> str:
    """What is judged by which rules, that the exchange is data, and what to write: the system message."""
    page = _environment().get_template(f"{template}.{tongue}.j2")
    return page.render(asks=contract.asks(tongue)).strip()


def case(template: str, fields: dict[str, str], tongue: Language) -> str:
    """The exchange, each part in a fence that no part can close."""
    longest = max((len(run) for text in fields.values() for run in _TILDES.findall(text)), default=0)
    return (
        _environment().get_template(f"case.{tongue}.j2").render(fields=fields, fence="~" * max(3, longest + 1)).strip()
    )


def chat(template: str, contract: Contract, fields: dict[str, str], subject: Subject) -> tuple[dict[str, Any], ...]:
    """A system and a user message; pictures of the sample stand before the text."""
    tongue = subject.language
    pictures = [{"type": "image", "text": None, "media_id": image} for image in subject.images]
    return (
        {"role": "system", "content": [_text(rules(template, contract, tongue))]},
        {"role": "user", "content": [*pictures, _text(case(template, fields, tongue))]},
    )


def completion(template: str, contract: Contract, fields: dict[str, str], subject: Subject) -> str:
    """The same as one text to go on from, with worked examples, for a model without a chat template."""
    tongue = subject.language
    opening = {"en": "Assessment:", "zh": "评判："}[tongue]
    blocks = [rules(template, contract, tongue)]
    for shot in _shots(tongue)[template]:
        shown = contract.shows(shot["label"], shot["reason"], tongue)
        gap = " " if tongue == "en" else ""
        blocks.append(f"{case(template, {name: shot[name] for name in fields}, tongue)}\n{opening}{gap}{shown}")
    blocks.append(f"{case(template, fields, tongue)}\n{opening}")
    return "\n\n".join(blocks)


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "media_id": None}
