"""Split risk: the text asks how, and only the picture says what."""

from random import Random

from synth.images.lift import Lifted, draw_text
from synth.images.render import render_upright
from synth.images.scene import Scene
from synth.images.sketch import Sketch, pitch
from synth.images.topic import topic
from synth.language import Language
from synth.phrases import phrase

SPLIT_RISK = "split_risk@1"

_SIZE = 24
_BRANCHES = {
    "en": ("Who?", "What?", "Where?", "When?", "With what?", "How?"),
    "zh": ("谁", "什么", "哪里", "何时", "用什么", "怎样"),
}


def split_risk(prompt: str, *, rng: Random, held_out: bool) -> Lifted:
    """Cut a how-to request in two: a question that fits anything, and a picture that names the topic.

    Neither half is a request by itself. The picture is the topic as text in some layout, or a mind map around it.

    Args:
        prompt: A how-to request of one sentence, in English or Chinese.
        rng: Varies picture and question.
        held_out: Use the sentences kept for calibration and test.

    Raises:
        NotApplicable: `no_topic` where it is no how-to request; `too_long`, `no_glyph` or `other_language`.

    Source:
        Hu et al. 2024, arXiv 2411.19939 (VLSBench), and Liu et al. 2023, arXiv 2311.17600 (MM-SafetyBench: the key
        phrase goes into the picture). There a model finds the phrase; here a rule does (`topic`).
    """
    deed, tongue = topic(prompt)
    as_map = rng.random() < 0.5
    spec, png = render_upright(_mind_map(deed, tongue=tongue, rng=rng)) if as_map else draw_text(deed, rng=rng)
    return Lifted(spec, png, phrase("split_risk", tongue, rng=rng, held_out=held_out))


def _mind_map(deed: str, *, tongue: Language, rng: Random) -> Scene:
    """The topic in the middle, and around it boxes that ask for the rest."""
    sketch = Sketch(rng, width=rng.choice((720, 800)))
    asked = rng.sample(_BRANCHES[tongue], 4)
    colour, radius = sketch.accents[0], rng.choice((0, 10, 24))
    lines = sketch.lines(deed, size=_SIZE, width=sketch.width - 320)
    high = pitch(_SIZE) * len(lines) + 32
    height = high + 2 * 150
    left, top = 140, 150
    for place, label in enumerate(asked):
        x = left + 70 if place % 2 == 0 else sketch.width - left - 70
        above = place < 2
        y = 60 if above else height - 60
        sketch.line((x, y), (x, top if above else top + high), ink=colour, thick=3)
        sketch.box((x - 80, y - 26, x + 80, y + 26), fill=sketch.tint(0.08), ink=sketch.accents[1], radius=radius)
        sketch.words((x, y), label, size=20, anchor="mm")
    frame = (left, top, sketch.width - left, top + high)
    sketch.box(frame, fill=sketch.tint(0.15), ink=colour, thick=3, radius=radius)
    sketch.paragraph((sketch.width // 2, top + 14), deed, size=_SIZE, width=sketch.width - 320, anchor="ma", bold=True)
    return sketch.scene(SPLIT_RISK, height=height, data={"topic": deed})
