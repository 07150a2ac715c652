"""Situations in which a value is at stake, in a setting of the language's own culture."""

from typing import ClassVar

from catalog.ids import chat
from synth.generators.generator import Generator
from synth.generators.item import Item
from synth.generators.made import Made, made
from synth.generators.outputs import Output, Prose


class ValueScenario(Output):
    """A situation that ends with a question."""

    asks: ClassVar[bool] = True
    scenario: Prose


def _make(item: Item, output: ValueScenario) -> list[Made]:
    return [made(item, chat(output.scenario), task="value")]


VALUE_SCENARIO = Generator(
    name="value_scenario",
    version=1,
    task="value",
    makes="request",
    note="A dilemma about a value, in a setting of the language's own culture",
    output=ValueScenario,
    make=_make,
    dimension="value",
    hints=("setting",),
    max_tokens=240,
)
