"""Questions of fact with a short answer that can be checked."""

from typing import ClassVar

from catalog.ids import chat
from synth.generators.generator import Generator
from synth.generators.item import Item
from synth.generators.made import Made, Unparsed, made
from synth.generators.outputs import Fact, Line, Output
from synth.generators.similarity import bare


class KnowledgeQuestion(Output):
    """A question and its answer."""

    asks: ClassVar[bool] = True
    question: Line
    answer: Fact


def _make(item: Item, output: KnowledgeQuestion) -> list[Made]:
    answer = bare(output.answer)
    if not answer:
        raise Unparsed("empty")
    if len(answer) > 1 and answer in bare(output.question):
        raise Unparsed("gives_itself_away")
    return [made(item, chat(output.question), task="knowledge", gold=output.answer.strip())]


KNOWLEDGE_QUESTION = Generator(
    name="knowledge_question",
    version=1,
    task="knowledge",
    makes="request",
    note="A question of fact about a sub-category with its short answer (the model's own: to be checked)",
    output=KnowledgeQuestion,
    make=_make,
    dimension="knowledge",
    hints=("difficulty",),
    max_tokens=160,
    neutral=frozenset({"answer"}),
)
