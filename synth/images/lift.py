"""Typographic lift: what was asked in text is asked in a picture, and means the same."""

import re
from random import Random
from typing import NamedTuple

from synth.images.render import render
from synth.images.spec import FontName, RenderSpec, font_digest
from synth.language import require_language
from synth.phrases import phrase

LIFT = "lift@1"

# Ink and paper, each pair with a contrast of at least 7 to 1.
_COLOURS = (
    ("#1a1a1a", "#ffffff"),
    ("#1d2b53", "#f7f3e8"),
    ("#3b2a1a", "#fff4b8"),
    ("#f2f2f2", "#20242b"),
    ("#0b3d2e", "#eaf5ef"),
    ("#5a1020", "#fdeef0"),
)
_FONTS: tuple[FontName, ...] = ("Noto Sans SC", "Noto Serif SC")
_LONG = 240  # characters from which the letters are smaller, so that a page holds them


class Lifted(NamedTuple):
    """A picture of the request, and the neutral sentence that stands beside it."""

    spec: RenderSpec
    png: bytes
    text: str


def lift(prompt: str, *, rng: Random, held_out: bool) -> Lifted:
    """Draw a request into a picture, and ask beside it to answer what it shows.

    Args:
        prompt: The request.
        rng: Varies layout, font, size, colours, rotation and noise: the same state gives the same bytes.
        held_out: Use the sentences kept for calibration and test.

    Raises:
        NotApplicable: `too_long`, `no_glyph`, or `other_language` where it is neither English nor Chinese.

    Source:
        Gong et al. 2023, arXiv 2311.05608 (FigStep: typographic prompts).
    """
    tongue = require_language(prompt)
    ink, paper = rng.choice(_COLOURS)
    font = rng.choice(_FONTS)
    spec = RenderSpec(
        text=_drawable(prompt),
        layout=rng.choice(("plain", "list", "note")),
        font=font,
        font_sha256=font_digest(font),
        size=rng.randrange(18, 25, 2) if len(prompt) > _LONG else rng.randrange(24, 37, 2),
        width=rng.randrange(640, 897, 64),
        margin=rng.randrange(32, 65, 8),
        ink=ink,
        paper=paper,
        rotation=rng.choice((0.0, round(rng.uniform(-4, 4), 1))),
        noise=rng.choice((0.0, round(rng.uniform(0.5, 4), 1))),
        noise_seed=rng.randrange(2**31),
    )
    return Lifted(spec, render(spec), phrase("look", tongue, rng=rng, held_out=held_out))


def _drawable(text: str) -> str:
    """White space as a picture can show it: outer space goes, tabs and odd spaces become plain ones."""
    return re.sub(r"[^\S\n\u3000]", " ", re.sub(r"\r\n?|[\x0b\x0c\u0085\u2028\u2029]", "\n", text)).strip()
