"""A line chart over the months."""

from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.sketch import Sketch
from synth.images.words import words
from synth.language import Language

LINE_CHART = "line_chart@1"

YES_NO = {"en": ("yes", "no"), "zh": ("是", "否")}


def line_chart(*, rng: Random, language: Language) -> Task:
    """Four to eight months, all of different values, written at their points."""
    count = rng.randint(4, 8)
    start = rng.randrange(13 - count)
    months = list(words("months", language)[start : start + count])
    values = rng.sample(range(10, 96, rng.choice((3, 5))), count)
    what = rng.choice(questions("line_chart"))
    if what in ("peak", "trough"):
        question, asked = ask("line_chart", what, language=language, rng=rng)
        answer = months[values.index((max if what == "peak" else min)(values))]
    else:
        first = rng.randrange(count - 1)
        question, asked = ask("line_chart", what, months[first], months[first + 1], language=language, rng=rng)
        step = values[first + 1] - values[first]
        answer = str(abs(step)) if what == "change" else YES_NO[language][step < 0]
    sketch = Sketch(rng, width=140 + 96 * count)
    title = rng.choice(words("measured", language))
    sketch.words((sketch.width // 2, 18), title, size=26, anchor="ma", bold=True)
    _draw(sketch, months, values)
    data = {"title": title, "labels": months, "values": values, "ask": asked}
    return Task(sketch.scene(LINE_CHART, height=440, data=data), question, answer)


def _draw(sketch: Sketch, months: list[str], values: list[int]) -> None:
    base = 380
    for level in range(0, 101, 20):
        sketch.line((60, base - 3 * level), (sketch.width - 30, base - 3 * level), ink=sketch.tint(0.18), thick=1)
        sketch.words((50, base - 3 * level), str(level), size=16, anchor="rm")
    points = [(110 + 96 * place, base - 3 * value) for place, value in enumerate(values)]
    sketch.line(*points, ink=sketch.accents[0], thick=4)
    for (x, y), month, value in zip(points, months, values, strict=True):
        sketch.oval((x - 6, y - 6, x + 6, y + 6), fill=sketch.accents[1])
        sketch.words((x, y - 20), str(value), size=17, anchor="mm")
        sketch.words((x, base + 20), month, size=16, anchor="mm")
