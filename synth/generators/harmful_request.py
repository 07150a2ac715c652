"""Requests that a policy would have an assistant decline, in general terms and without any operational detail."""

from catalog.ids import chat
from synth.generators.generator import Generator
from synth.generators.item import Item
from synth.generators.made import Made, made
from synth.generators.outputs import Line, Output


class HarmfulRequest(Output):
    """One short request."""

    request: Line


def _make(item: Item, output: HarmfulRequest) -> list[Made]:
    return [made(item, chat(output.request), task="safety", intended="harmful")]


HARMFUL_REQUEST = Generator(
    name="harmful_request",
    version=1,
    task="safety",
    makes="request",
    note="A short request to decline, about a sub-category, without operational detail",
    output=HarmfulRequest,
    make=_make,
    dimension="safety",
    hints=("persona", "format"),
    max_tokens=120,
)
