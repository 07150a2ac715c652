"""Translation between English and Chinese, and its check by translating back.

`translate` makes a row of which nobody knows whether it says the same. `back_translate` is asked about that row, by
`back_item`, and gives it once more if what comes back resembles the original, or rejects it as `drifted`.
"""

from dataclasses import replace

from catalog.ids import sample_id
from synth.generators.generator import Generator
from synth.generators.item import OTHER, Item, Parent
from synth.generators.made import Made, Unparsed, asked_anew, made, text
from synth.generators.outputs import Output, Prose
from synth.generators.similarity import overlap

MIN_OVERLAP = 0.3  # of `similarity.overlap`


class TranslatedRequest(Output):
    """A request in the other language."""

    request: Prose


class TranslatedExchange(TranslatedRequest):
    """A request and its reply in the other language."""

    reply: Prose


def _translated(item: Item, output: TranslatedRequest) -> list[Made]:
    messages = [asked_anew(item, output.request)]
    if isinstance(output, TranslatedExchange):
        messages.append(text("assistant", output.reply))
    return [made(item, messages, intended=item.parent.label if item.parent else None)]


def _confirmed(item: Item, output: TranslatedRequest) -> list[Made]:
    assert item.parent is not None and item.origin is not None  # `back_item` has set both
    pairs = [(item.origin.request, output.request)]
    if isinstance(output, TranslatedExchange):
        pairs.append((item.origin.reply or "", output.reply))
    similarity = min(overlap(*pair) for pair in pairs)
    if similarity < MIN_OVERLAP:
        raise Unparsed("drifted")
    row = made(item, item.parent.messages, intended=item.origin.label, similarity=round(similarity, 3))
    return [replace(row, parent_ids=(item.origin.sample_id,))]


def back_item(item: Item, row: Made) -> Item:
    """The item that asks for the back-translation of a row that `translate` made of an item.

    Raises:
        ValueError: If the item has no parent, so that nothing of it was translated.
    """
    if item.parent is None:
        raise ValueError(f"item {item.id} has no parent: translate a row first")
    parent = Parent(sample_id(row.messages), row.messages, row.task)
    return Item(f"{item.id}/back", OTHER[item.language], item.cell, parent, origin=item.parent)


TRANSLATE = Generator(
    name="translate",
    version=1,
    task=None,
    makes="rewrite",
    note="A request, and its reply if it has one, in the other language; unchecked",
    output=TranslatedRequest,
    output_with_reply=TranslatedExchange,
    make=_translated,
    needs=("request",),
    temperatures=(0.0, 0.3),
    max_tokens=500,
    across=True,
)
BACK_TRANSLATE = replace(
    TRANSLATE,
    name="back_translate",
    prompts="translate",
    note="The check of a translation: the row again if what comes back resembles the original",
    make=_confirmed,
    needs=("request", "origin"),
    temperatures=(0.0, 0.0),
)
