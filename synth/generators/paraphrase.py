"""The same request in other words, with the reply it had."""

from synth.generators.generator import Generator
from synth.generators.item import Item
from synth.generators.made import Made, asked_anew, made, text
from synth.generators.outputs import Output, Prose


class Paraphrase(Output):
    """The request in other words."""

    request: Prose


def _make(item: Item, output: Paraphrase) -> list[Made]:
    assert item.parent is not None  # it needs a request
    reply = item.parent.reply
    messages = [asked_anew(item, output.request)]
    if reply is not None:
        messages.append(text("assistant", reply))
    return [made(item, messages, intended=item.parent.label)]


PARAPHRASE = Generator(
    name="paraphrase",
    version=1,
    task=None,
    makes="rewrite",
    note="A request in other words, with the reply it had",
    output=Paraphrase,
    make=_make,
    needs=("request",),
    max_tokens=240,
)
