"""How an item becomes a chat or a text to go on from."""

import json
import re
from collections.abc import Mapping
from random import Random
from typing import Any

from synth import prompts
from synth.errors import NotApplicable
from synth.generators.item import Item, Message
from synth.generators.made import asked_anew, text

FIELDS = ("topic", "about", "area", "request", "reply", "label", "intended")
FEW_SHOT = (3, 4)  # examples that a base model reads first


def chat(name: str, item: Item, hints: tuple[str, ...], *, rng: Random) -> list[Message]:
    """One message with the instructions, after the pictures of the parent's request."""
    return [asked_anew(item, prompts.render(name, item.language, "instructions", _case(item, hints, rng=rng)))]


def conversation(name: str, item: Item) -> list[Message]:
    """What was asked of the parent, as it was asked; the instructions, if there are any, are the system message."""
    said = prompts.render(name, item.language, "instructions", dict.fromkeys(FIELDS))
    asked = item.parent.asked if item.parent else []
    return [text("system", said), *asked] if said else asked


def completion(
    name: str, item: Item, hints: tuple[str, ...], *, structured: bool, conversation: bool, rng: Random
) -> str:
    """A line that says what is to follow, a few examples, and the case: the model goes on with the answer.

    In a `conversation` the case is the last request, right under those before it and their replies.

    Raises:
        NotApplicable: `picture`, which no text can show.
    """
    if item.parent and item.parent.pictures:
        raise NotApplicable("picture")
    before = item.parent.said[0] if conversation and item.parent else []
    case = _case(item, hints, rng=rng)
    pool = [
        one
        for one in prompts.examples(name, item.language, intended=item.intended)
        if "request" not in one.given or ("reply" in one.given) == (case["reply"] is not None)
    ]
    shown = rng.sample(pool, min(len(pool), rng.choice(FEW_SHOT)))
    blocks = [prompts.render(name, item.language, "intro")]
    for one in shown:
        given = prompts.render(name, item.language, "given", dict.fromkeys((*FIELDS, *hints)) | one.given)
        blocks.append(_answered(given, one.answer, structured=structured))
    turns = [_replied(name, item, case | {"request": request}, reply) for request, reply in before]
    last = "\n".join([*turns, prompts.render(name, item.language, "given", case)])
    return "\n\n".join([*blocks, last]) + ("\n" if structured else "")


def _replied(name: str, item: Item, case: Mapping[str, Any], reply: str) -> str:
    """A turn of the conversation so far, its reply on one line: a blank one would begin another example."""
    given = prompts.render(name, item.language, "given", case)
    line = re.sub(r"\s*\n\s*", " ", reply)
    opened = given.endswith("<think>")
    return _answered(given, {"reply": line.removeprefix("<think>") if opened else line}, structured=False)


def _answered(given: str, answer: Mapping[str, Any], *, structured: bool) -> str:
    if structured:
        return f"{given}\n{json.dumps(answer, ensure_ascii=False)}"
    return f"{given}{'' if given.endswith(('：', '>')) else ' '}{answer['reply']}"


def _case(item: Item, hints: tuple[str, ...], *, rng: Random) -> dict[str, Any]:
    """What a template may name: the same for a case and for an example."""
    cell, parent = item.cell, item.parent
    return {
        "topic": cell.name if cell else None,
        "about": cell.about if cell else None,
        "area": cell.area if cell else None,
        "request": parent.said[1] if parent else None,
        "reply": parent.reply if parent else None,
        "label": parent.label if parent else None,
        "intended": item.intended,
        **{kind: rng.choice(prompts.hints(item.language)[kind]) for kind in hints},
    }
