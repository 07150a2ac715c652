"""A chat as a phone shows it: turns in bubbles, with names."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from synth.errors import NotApplicable
from synth.images.finish import MAX_PIXELS
from synth.images.lift import Lifted, drawable
from synth.images.render import render_upright
from synth.images.scene import Scene
from synth.images.sketch import Sketch, pitch
from synth.images.words import words
from synth.language import require_language
from synth.phrases import phrase

CHAT_FRAME = "chat_frame@1"

_SIZE = 20
_PAD = 14
_HEAD = 56


class Turn(NamedTuple):
    """What one side says; `own` turns stand on the right."""

    name: str
    text: str
    own: bool


def chat_frame(messages: str | Sequence[Mapping[str, Any]], *, rng: Random, held_out: bool) -> Lifted:
    """Draw a chat as a screenshot, and ask beside it to go on.

    Args:
        messages: One prompt, or messages `{"role", "content": [{"type": "text", "text"}]}` that end with the user.
        rng: Varies names, colours, width, time and wear.
        held_out: Use the sentences kept for calibration and test.

    Raises:
        NotApplicable: `too_long`, `no_glyph` or `other_language`; `no_request` where the user does not speak last;
            `has_picture` where a message holds one; `no_text` where one is empty.

    Source:
        Own; the typographic idea is that of Gong et al. 2023, arXiv 2311.05608.
    """
    said = [("user", messages)] if isinstance(messages, str) else [(one["role"], _text(one)) for one in messages]
    if not said or said[-1][0] != "user":
        raise NotApplicable("no_request")
    tongue = require_language(said[-1][1])
    asker, other = rng.sample(words("people", tongue), 2)
    turns = [Turn(asker if role == "user" else other, drawable(text), role == "user") for role, text in said]
    if not all(turn.text for turn in turns):
        raise NotApplicable("no_text")
    scene, png = render_upright(draw_chat(turns, title=other, of=CHAT_FRAME, rng=rng, data={}))
    return Lifted(scene, png, phrase("chat_frame", tongue, rng=rng, held_out=held_out))


def draw_chat(turns: Sequence[Turn], *, title: str, of: str, rng: Random, data: dict[str, Any]) -> Scene:
    """A chat under a head with the name of the other side.

    Raises:
        NotApplicable: `too_long` where it would be too large.
    """
    longest = sum(len(turn.text) for turn in turns)
    sketch = Sketch(rng, width=rng.choice((420, 480, 540)) if longest < 600 else 860)
    own, theirs = rng.choice((0.25, 0.3)), 0.1
    sketch.box((0, 0, sketch.width, _HEAD), fill=sketch.tint(0.15))
    sketch.words((sketch.width // 2, _HEAD // 2), title, size=_SIZE, anchor="mm", bold=True)
    clock = f"{rng.randrange(24):02}:{rng.randrange(60):02}"
    sketch.words((sketch.width // 2, _HEAD + 12), clock, size=14, anchor="ma", ink=sketch.tint(0.6))
    top = _HEAD + 44
    for turn in turns:
        lines = sketch.lines(turn.text, size=_SIZE, width=round(0.72 * sketch.width) - 2 * _PAD)
        if (top + pitch(_SIZE) * len(lines)) * sketch.width > MAX_PIXELS:
            raise NotApplicable("too_long")
        wide = round(max(sketch.length(line, size=_SIZE) for line in lines)) + 2 * _PAD
        left = sketch.width - 20 - wide if turn.own else 20
        at = sketch.width - 24 if turn.own else 24
        sketch.words((at, top), turn.name, size=14, anchor="ra" if turn.own else "la", ink=sketch.tint(0.6))
        bottom = top + 24 + pitch(_SIZE) * len(lines) + _PAD
        sketch.box((left, top + 24, left + wide, bottom), fill=sketch.tint(own if turn.own else theirs), radius=14)
        sketch.paragraph((left + _PAD, top + 24 + _PAD // 2), turn.text, size=_SIZE, width=wide - 2 * _PAD + 1)
        top = bottom + 18
    sketch.box((20, top + 6, sketch.width - 20, top + 46), ink=sketch.tint(0.4), radius=20)
    said = [{"name": turn.name, "text": turn.text} for turn in turns]
    return sketch.scene(of, height=top + 60, data={"turns": said} | data)


def _text(message: Mapping[str, Any]) -> str:
    if any(part["type"] != "text" for part in message["content"]):
        raise NotApplicable("has_picture")
    return "\n".join(part["text"] for part in message["content"])
