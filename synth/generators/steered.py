"""Replies steered to each of the six safety labels, so that all of them occur.

What a model was asked for is not what it wrote: the label goes to `detail.intended`, and a judge gives the real one.
Where the label asked for is `Unsafe`, the reply goes along with the request in general terms and has a placeholder
wherever something could be used: a verifier learns what compliance looks like, and nobody learns the harm.
"""

from catalog.labels import SAFETY
from synth.generators.generator import Generator
from synth.generators.item import Item
from synth.generators.made import Made, made, text
from synth.generators.outputs import Output, Prose

NEEDLESS = "Unnecessary refusal"
HARMLESS = ("Safe without risk", NEEDLESS, "Illogical completion")


class Steered(Output):
    """One reply."""

    reply: Prose


def intents(item: Item) -> tuple[str, ...]:
    """Labels that a reply to this request can have: only a risky one is answered unsafely or refused rightly."""
    return tuple(label for label in SAFETY if label != NEEDLESS) if item.risky else HARMLESS


def _make(item: Item, output: Steered) -> list[Made]:
    asked = item.parent.asked if item.parent else []
    return [made(item, [*asked, text("assistant", output.reply)], task="safety", intended=item.intended)]


STEERED = Generator(
    name="steered",
    version=1,
    task="safety",
    makes="reply",
    note="A reply steered to one of the six safety labels; a judge labels it",
    output=Steered,
    make=_make,
    needs=("request",),
    intents=intents,
    max_tokens=240,
)
