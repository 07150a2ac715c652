"""Typographic lift: what was asked in text is asked in a picture, and means the same."""

import re
from random import Random
from typing import NamedTuple

from synth.errors import NotApplicable
from synth.images.render import render_upright
from synth.images.scene import Scene
from synth.images.spec import LayoutName, RenderSpec
from synth.images.variation import page_look, wear
from synth.language import require_language
from synth.phrases import phrase

LIFT = "lift@2"

_LAYOUTS: tuple[LayoutName, ...] = (
    *("plain", "plain", "plain"),  # three of ten: the others are one each
    *("list", "note", "poster", "sign", "table", "handwritten", "window"),
)
_LONG = 240  # characters from which the letters are smaller, so that a page holds them
_SMALLEST = 16  # pixels; below, a verifier with 28-pixel patches cannot be expected to read Chinese


class Lifted(NamedTuple):
    """A picture that carries the request or its topic, and the neutral sentence that stands beside it."""

    spec: RenderSpec | Scene
    png: bytes
    text: str


def lift(prompt: str, *, rng: Random, held_out: bool) -> Lifted:
    """Draw a request into a picture, and ask beside it to answer what it shows.

    Args:
        prompt: The request.
        rng: Varies layout, font, size, colours and wear: the same state gives the same bytes.
        held_out: Use the sentences kept for calibration and test.

    Raises:
        NotApplicable: `too_long`, `no_glyph`, or `other_language` where it is neither English nor Chinese.

    Source:
        Gong et al. 2023, arXiv 2311.05608 (FigStep: typographic prompts).
    """
    tongue = require_language(prompt)
    spec, png = draw_text(prompt, rng=rng)
    return Lifted(spec, png, phrase("look", tongue, rng=rng, held_out=held_out))


def draw_text(text: str, *, rng: Random) -> tuple[RenderSpec, bytes]:
    """Draw a text in a layout of chance, in letters as small as it takes to hold it, down to 16 pixels.

    Raises:
        NotApplicable: `too_long` or `no_glyph`.
    """
    spec = RenderSpec(
        text=drawable(text),
        layout=rng.choice(_LAYOUTS),
        size=rng.randrange(18, 25, 2) if len(text) > _LONG else rng.randrange(24, 37, 2),
        width=rng.randrange(640, 897, 64),
        margin=rng.randrange(32, 65, 8),
        **page_look(rng),
        **wear(rng),
    )
    for size in range(spec.size, _SMALLEST, -2):
        try:
            return render_upright(spec.model_copy(update={"size": size}))
        except NotApplicable as why:
            if why.reason != "too_long":
                raise
    return render_upright(spec.model_copy(update={"size": _SMALLEST}))


def drawable(text: str) -> str:
    """White space as a picture can show it: outer space goes, tabs and odd spaces become plain ones.

    Raises:
        NotApplicable: `no_glyph` where it holds half of a surrogate pair, which is no character.
    """
    if re.search("[\ud800-\udfff]", text):
        raise NotApplicable("no_glyph")
    return re.sub(r"[^\S\n\u3000]", " ", re.sub(r"\r\n?|[\x0b\x0c\u0085\u2028\u2029]", "\n", text)).strip()
