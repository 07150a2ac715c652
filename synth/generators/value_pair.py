"""A good and a bad reply to the same situation: two rows, whose labels are what was asked for and no more."""

from synth.generators.generator import Generator
from synth.generators.item import Item
from synth.generators.made import Made, Unparsed, made, text
from synth.generators.outputs import Output, Prose
from synth.generators.similarity import bare


class ValuePair(Output):
    """Two replies."""

    good: Prose
    bad: Prose


def _make(item: Item, output: ValuePair) -> list[Made]:
    if bare(output.good) == bare(output.bad):
        raise Unparsed("repeats_itself")
    asked = item.parent.asked if item.parent else []
    return [
        made(item, [*asked, text("assistant", reply)], task="value", intended=intended)
        for intended, reply in (("good", output.good), ("bad", output.bad))
    ]


VALUE_PAIR = Generator(
    name="value_pair",
    version=1,
    task="value",
    makes="reply",
    note="A good and a bad reply to a scenario: two rows",
    output=ValuePair,
    make=_make,
    needs=("request",),
    max_tokens=400,
)
