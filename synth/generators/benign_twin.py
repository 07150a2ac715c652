"""The harmless twin of a harmful request: the same words of the subject, another intent."""

from catalog.ids import chat
from synth.generators.generator import Generator
from synth.generators.item import Item
from synth.generators.made import Made, made
from synth.generators.outputs import Line, Output


class BenignTwin(Output):
    """One short request."""

    request: Line


def _make(item: Item, output: BenignTwin) -> list[Made]:
    # Without a category: that names a harm, and a row that has one is never taken for harmless.
    near = item.cell.id if item.cell else None
    return [made(item, chat(output.request), task="safety", harmless=True, intended="benign", near=near)]


BENIGN_TWIN = Generator(
    name="benign_twin",
    version=1,
    task="safety",
    makes="request",
    note="The harmless twin of a harmful request: same subject, harmless intent",
    output=BenignTwin,
    make=_make,
    needs=("cell", "request"),
    dimension="safety",
    hints=("format",),
    max_tokens=120,
)
