"""Flow charts: a request on top, and under it boxes and arrows whose steps are to be filled."""

from collections.abc import Sequence
from random import Random

from synth.errors import NotApplicable
from synth.images.finish import MAX_PIXELS
from synth.images.lift import Lifted, drawable
from synth.images.render import render_upright
from synth.images.scene import Scene
from synth.images.sketch import Sketch, pitch
from synth.language import Language, require_language
from synth.phrases import phrase

FLOW_CHART = "flow_chart@1"

_SIZE = 22
_GAP = 40  # between two boxes, room for an arrow
_MARGIN = 36
STEP = {"en": "Step {}", "zh": "第{}步"}


def flow_chart(request: str, *, steps: Sequence[str] = (), rng: Random, held_out: bool) -> Lifted:
    """Draw a request as a flow chart, and ask beside it to fill or to follow the steps.

    Args:
        request: The title, in English or Chinese.
        steps: Titles of the steps; without any, three to six boxes stay empty but for their number.
        rng: Varies direction, shapes, number of boxes, colours and wear.
        held_out: Use the sentences kept for calibration and test.

    Raises:
        NotApplicable: `too_long`, `no_glyph` or `other_language`; `too_many_steps` above twelve.

    Source:
        Zhang et al. 2025, arXiv 2502.21059 (FC-Attack). The paper has a model write the steps; here they are empty or
        given.
    """
    tongue = require_language(request)
    titles = [drawable(step) for step in steps] or [""] * rng.randint(3, 6)
    scene = draw_flow_chart(drawable(request), titles, tongue=tongue, of=FLOW_CHART, rng=rng)
    scene, png = render_upright(scene)
    return Lifted(scene, png, phrase("flow_chart", tongue, rng=rng, held_out=held_out))


def draw_flow_chart(title: str, steps: Sequence[str], *, tongue: Language, of: str, rng: Random) -> Scene:
    """A title and its steps, from top to bottom, from left to right, or to and fro.

    Raises:
        NotApplicable: `too_many_steps` above twelve; `too_long` where it would be too large.
    """
    if len(steps) > 12:
        raise NotApplicable("too_many_steps")
    columns = rng.choice([n for n in (1, 2, 3, 4) if n <= len(steps)])
    sketch = Sketch(rng, width={1: 560, 2: 640, 3: 760, 4: 920}[columns])
    cell = (sketch.width - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    texts = [f"{STEP[tongue].format(number)}\n{step}" for number, step in enumerate(steps, 1)]
    lines = max(2, *(len(sketch.lines(text, size=_SIZE, width=cell - 32)) for text in texts))
    high = pitch(_SIZE) * lines + 24
    head = pitch(_SIZE) * len(sketch.lines(title, size=_SIZE, width=sketch.width - 2 * _MARGIN - 40)) + 28
    rows = -(-len(steps) // columns)
    height = 2 * _MARGIN + head + rows * (high + _GAP)
    if height * sketch.width > MAX_PIXELS:
        raise NotApplicable("too_long")
    colour, radius = sketch.accents[0], rng.choice((0, 8, 22))
    bottom = _MARGIN + head
    sketch.box((_MARGIN, _MARGIN, sketch.width - _MARGIN, bottom), fill=sketch.tint(0.12), ink=colour, radius=radius)
    sketch.paragraph(
        (sketch.width // 2, _MARGIN + 12),
        title,
        size=_SIZE,
        width=sketch.width - 2 * _MARGIN - 40,
        anchor="ma",
        bold=True,
    )
    before = None
    for number, text in enumerate(texts):
        row, column = divmod(number, columns)
        column = columns - 1 - column if row % 2 else column  # to and fro, so that arrows stay short
        left, top = _MARGIN + column * (cell + _GAP), bottom + _GAP + row * (high + _GAP)
        middle = (left + cell // 2, top + high // 2)
        if before is None:
            sketch.arrow((middle[0], bottom), (middle[0], top), ink=colour)
        elif before[1] == middle[1]:
            right = middle[0] > before[0]
            reach = cell // 2 if right else -(cell // 2)
            sketch.arrow((before[0] + reach, middle[1]), (middle[0] - reach, middle[1]), ink=colour)
        else:
            sketch.arrow((middle[0], before[1] + high // 2), (middle[0], top), ink=colour)
        sketch.box((left, top, left + cell, top + high), ink=colour, radius=radius)
        sketch.paragraph((left + 16, top + 10), text, size=_SIZE, width=cell - 32)
        before = middle
    return sketch.scene(of, height=height, data={"title": title, "steps": list(steps)})
