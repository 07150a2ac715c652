"""The same request from somebody in particular: who asks, and out of which situation."""

from synth.generators.generator import Generator
from synth.generators.item import Item
from synth.generators.made import Made, asked_anew, made
from synth.generators.outputs import Output, Prose


class Persona(Output):
    """The request as that person would put it."""

    request: Prose


def _make(item: Item, output: Persona) -> list[Made]:
    return [made(item, [asked_anew(item, output.request)])]


PERSONA = Generator(
    name="persona",
    version=1,
    task=None,
    makes="rewrite",
    note="A given request from the mouth of a given person, with a context",
    output=Persona,
    make=_make,
    needs=("request",),
    hints=("persona",),
    max_tokens=200,
)
