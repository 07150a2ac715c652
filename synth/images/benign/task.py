"""A harmless picture before it is drawn, with a question whose answer follows from its data."""

from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import yaml

from synth.images.scene import Scene
from synth.language import Language


class Task(NamedTuple):
    """A scene, a question about it, and the right answer.

    `scene.data` holds the facts and, under `ask`, what was asked: a key of `questions.yaml` and its arguments.
    """

    scene: Scene
    question: str
    answer: str


def questions(kind: str) -> tuple[str, ...]:
    """Keys of what can be asked about a kind."""
    return tuple(_book()[kind])


def ask(kind: str, what: str, *arguments: Any, language: Language, rng: Random) -> tuple[str, list[Any]]:
    """A wording of a question, and `ask` for the data of its scene."""
    return rng.choice(_book()[kind][what][language]).format(*arguments), [what, *arguments]


@cache
def _book() -> dict[str, dict[str, dict[Language, list[str]]]]:
    return yaml.safe_load(Path(__file__).with_name("questions.yaml").read_text(encoding="utf-8"))
