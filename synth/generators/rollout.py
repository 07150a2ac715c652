"""Answers of a policy to a request, as they stand; with and without a thought. `n` in the sampling asks for several.

To user turns without replies between them it writes one after each, and sees those before it.
"""

import re
from dataclasses import replace

from synth.generators.generator import Generator
from synth.generators.item import Item
from synth.generators.made import Made, Unparsed, made, text
from synth.generators.outputs import Reply

# A prompt or a chat template may itself have opened the thought.
_THINKS = re.compile(r"(?:<think>)?(?P<thought>.*?)</think>(?P<answer>.*)", re.DOTALL)


def _answer(item: Item, output: Reply) -> list[Made]:
    asked = item.parent.asked if item.parent else []
    return [made(item, [*asked, text("assistant", output.reply)])]


def _thoughtful_answer(item: Item, output: Reply) -> list[Made]:
    found = _THINKS.fullmatch(output.reply)
    if found is None or any(mark in part for part in found.groups() for mark in ("<think>", "</think>")):
        raise Unparsed("no_thought")
    if not found["thought"].strip() or not found["answer"].strip():
        raise Unparsed("empty")
    return _answer(item, Reply(reply=f"<think>{found['thought']}</think>{found['answer']}"))


ROLLOUT = Generator(
    name="rollout",
    version=2,
    task=None,
    makes="reply",
    note="A policy's own answer to a request, or to each turn of a conversation",
    output=Reply,
    make=_answer,
    needs=("request",),
    temperatures=(1.0, 1.0),  # the policy as it is
    max_tokens=512,
    as_is=True,
    conversation=True,
)
ROLLOUT_THINK = replace(
    ROLLOUT,
    name="rollout_think",
    note="A policy's own answer after a thought: <think>...</think>, then the answer",
    make=_thoughtful_answer,
    max_tokens=1024,
)
