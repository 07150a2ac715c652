"""Requests on the border: what is asked serves a harmless purpose as well as a harmful one."""

from catalog.ids import chat
from synth.generators.generator import Generator
from synth.generators.item import Item
from synth.generators.made import Made, made
from synth.generators.outputs import Line, Output


class Borderline(Output):
    """One request, and the harmless purpose that most people would have."""

    request: Line
    purpose: Line


def _make(item: Item, output: Borderline) -> list[Made]:
    return [made(item, chat(output.request), task="safety", intended="borderline", purpose=output.purpose)]


BORDERLINE = Generator(
    name="borderline",
    version=1,
    task="safety",
    makes="request",
    note="A dual-use request about a sub-category, with its harmless purpose",
    output=Borderline,
    make=_make,
    dimension="safety",
    hints=("persona",),
    max_tokens=200,
)
