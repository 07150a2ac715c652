"""Answers to questions of fact, with how sure the model says it is."""

from typing import Annotated

from pydantic import Field

from synth.generators.generator import Generator
from synth.generators.item import Item
from synth.generators.made import Made, Unparsed, made, text
from synth.generators.outputs import Line, Output
from synth.generators.similarity import bare


class KnowledgeAnswer(Output):
    """An answer and a confidence in percent."""

    answer: Line
    confidence: Annotated[int, Field(ge=0, le=100)]


def _make(item: Item, output: KnowledgeAnswer) -> list[Made]:
    assert item.parent is not None  # it needs a request
    if not bare(output.answer):
        raise Unparsed("empty")
    gold = item.parent.gold
    # The very words of the right answer are right. Other words may be right as well: a judge says.
    label = "TRUE" if gold is not None and bare(gold) == bare(output.answer) else None
    messages = [*item.parent.asked, text("assistant", output.answer.strip())]
    return [made(item, messages, task="knowledge", label=label, gold=gold, confidence=output.confidence)]


KNOWLEDGE_ANSWER = Generator(
    name="knowledge_answer",
    version=1,
    task="knowledge",
    makes="reply",
    note="A short answer to a question of fact, with a confidence of 0 to 100",
    output=KnowledgeAnswer,
    make=_make,
    needs=("request",),
    max_tokens=120,
    neutral=frozenset({"answer"}),
)
