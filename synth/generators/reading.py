"""What an answer must be before a row is made of it, and the screen for what is never kept."""

from collections.abc import Sequence
from functools import cache

from synth import prompts
from synth.generators.item import OTHER, Item
from synth.generators.made import Made, Unparsed
from synth.generators.outputs import Output, Reply, read_json, read_text, written
from synth.generators.similarity import bare
from synth.inference.request import Choice
from synth.language import Language, language


def output(choice: Choice, shape: type[Output]) -> Output:
    """The answer in its shape.

    Raises:
        Unparsed: As `outputs.read_json` and `outputs.read_text`.
    """
    return read_text(choice) if shape is Reply else read_json(choice, shape)


def check_language(output: Output, item: Item, *, across: bool, neutral: frozenset[str]) -> None:
    """Raises `wrong_language` where a text is not in the item's language (`across`: in the other one)."""
    expected = OTHER[item.language] if across else item.language
    if any(language(text) != expected for text in written(output, but=neutral)):
        raise Unparsed("wrong_language")


def check_examples(output: Output, name: str, item: Item, *, neutral: frozenset[str]) -> None:
    """Raises `copies_example` where a text is the one of an example, shown or not."""
    known = _known(name, item.language, neutral)
    if any(bare(text) in known for text in written(output, but=neutral)):
        raise Unparsed("copies_example")


def check_parent(output: Output, item: Item, *, neutral: frozenset[str]) -> None:
    """Raises `same_as_parent` where a text is the parent's request or reply, or at least half of it word for word."""
    if item.parent is None:
        return
    known = [bare(text) for text in (item.parent.request, item.parent.reply) if text]
    for text in map(bare, written(output, but=neutral)):
        if any(text in one and 2 * len(text) >= len(one) for one in known):
            raise Unparsed("same_as_parent")


def screened(found: Sequence[list[Made] | Unparsed]) -> list[list[Made] | Unparsed]:
    """The same, with `screened` for what `corpus.screen` drops. It is asked once for all: most of its cost is fixed."""
    import polars as pl

    from corpus.screen import matches

    rows = {place: made for place, made in enumerate(found) if isinstance(made, list)}
    texts = ["\n".join(text for row in made for text in row.texts) for made in rows.values()]
    if not texts:
        return list(found)
    hits = dict(zip(rows, matches(pl.Series(texts)), strict=True))
    return [Unparsed("screened") if hits.get(place) else made for place, made in enumerate(found)]


@cache
def _known(name: str, language: Language, neutral: frozenset[str]) -> frozenset[str]:
    fields = (item for one in prompts.examples(name, language) for item in one.answer.items() if item[0] not in neutral)
    values = (value if isinstance(value, list) else [value] for _, value in fields)
    return frozenset(bare(text) for many in values for text in many if isinstance(text, str))
