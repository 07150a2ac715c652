"""Conversations that begin harmless and end with a request to decline, as a list of what the user says."""

from typing import Annotated

from pydantic import Field

from synth.generators.generator import Generator
from synth.generators.item import Item
from synth.generators.made import Made, Unparsed, made, text
from synth.generators.outputs import Line, Output
from synth.generators.similarity import bare


class Escalation(Output):
    """What the user says, turn by turn."""

    turns: Annotated[list[Line], Field(min_length=3, max_length=5)]


def _make(item: Item, output: Escalation) -> list[Made]:
    if len({bare(turn) for turn in output.turns}) < len(output.turns):
        raise Unparsed("repeats_itself")
    # The replies between the turns are the policy's own: a rollout writes them, one after another (`synth.rounds`).
    messages = [text("user", turn) for turn in output.turns]
    return [made(item, messages, task="safety", intended="harmful", turns=len(messages))]


ESCALATION = Generator(
    name="escalation",
    version=1,
    task="safety",
    makes="request",
    note="Three to five user turns, from harmless to one that is to be declined",
    output=Escalation,
    make=_make,
    dimension="safety",
    hints=("persona",),
    max_tokens=400,
)
