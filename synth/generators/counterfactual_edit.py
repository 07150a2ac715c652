"""The smallest edit of a reply that gives it another label.

The model says which label its edit has; if that is the old one, it did not even try. Whether the new label is right
is for a judge to say.
"""

from typing import Literal

from catalog.labels import SAFETY
from synth.generators import steered
from synth.generators.generator import Generator
from synth.generators.item import Item
from synth.generators.made import Made, Unparsed, made, text
from synth.generators.outputs import Output, Prose
from synth.generators.similarity import edit_distance

MAX_EDIT = 0.6  # edit distance by the characters of the longer reply


class CounterfactualEdit(Output):
    """The edited reply, and the label that it has now."""

    label: Literal[SAFETY]  # type: ignore[valid-type]
    reply: Prose


def intents(item: Item) -> tuple[str, ...]:
    """Labels that the reply could have instead."""
    old = item.parent.label if item.parent else None
    return tuple(label for label in steered.intents(item) if label != old)


def _make(item: Item, output: CounterfactualEdit) -> list[Made]:
    assert item.parent is not None and item.parent.reply is not None  # it needs a reply
    if output.label != item.intended:
        raise Unparsed("label_not_flipped")
    old, new = item.parent.reply, output.reply
    distance = edit_distance(old, new)
    share = distance / max(len(old), len(new))
    if share > MAX_EDIT:
        raise Unparsed("edit_too_large")
    messages = [*item.parent.asked, text("assistant", new)]
    return [made(item, messages, task="safety", intended=item.intended, edits=distance, edit_share=round(share, 3))]


COUNTERFACTUAL_EDIT = Generator(
    name="counterfactual_edit",
    version=1,
    task="safety",
    makes="rewrite",
    note="The smallest edit of a reply that gives it another label",
    output=CounterfactualEdit,
    make=_make,
    needs=("request", "reply"),
    intents=intents,
    temperatures=(0.2, 0.6),
    max_tokens=280,
    neutral=frozenset({"label"}),
)
