"""A bar chart of everyday counts."""

from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.sketch import Sketch
from synth.images.words import words
from synth.language import Language

BAR_CHART = "bar_chart@1"


def bar_chart(*, rng: Random, language: Language) -> Task:
    """Three to seven bars, all of different heights, with their values written on them."""
    subject = rng.choice(("weekdays", "fruit", "spending", "months"))
    count = rng.randint(3, 7)
    labels = _labels(subject, count, language=language, rng=rng)
    values = rng.sample(range(10, 100, rng.choice((2, 3, 5))), count)
    title = rng.choice(words("measured", language)) if subject in ("weekdays", "months") else ""
    by_value = sorted(zip(values, labels, strict=True))
    what = rng.choice(questions("bar_chart"))
    if what in ("highest", "lowest"):
        question, asked = ask("bar_chart", what, language=language, rng=rng)
        answer = by_value[-1 if what == "highest" else 0][1]
    elif what == "value":
        place = rng.randrange(count)
        question, asked = ask("bar_chart", what, labels[place], language=language, rng=rng)
        answer = str(values[place])
    elif what == "above":
        level = rng.choice([level for level in range(20, 90, 10) if level not in values])
        question, asked = ask("bar_chart", what, level, language=language, rng=rng)
        answer = str(sum(value > level for value in values))
    else:
        (low, lower), (high, higher) = sorted(rng.sample(by_value, 2))
        question, asked = ask("bar_chart", what, higher, lower, language=language, rng=rng)
        answer = str(high - low)
    sketch = Sketch(rng, width=140 + 100 * count)
    _draw(sketch, labels, values, title=title)
    data = {"labels": labels, "values": values, "ask": asked}
    return Task(sketch.scene(BAR_CHART, height=460, data=data), question, answer)


def _labels(subject: str, count: int, *, language: Language, rng: Random) -> list[str]:
    names = words(subject, language)
    if subject in ("fruit", "spending"):
        return rng.sample(names, count)
    start = rng.randrange(len(names) - count + 1)
    return list(names[start : start + count])


def _draw(sketch: Sketch, labels: list[str], values: list[int], *, title: str) -> None:
    base, scale = 390, 3
    sketch.words((sketch.width // 2, 20), title, size=26, anchor="ma", bold=True)
    for level in range(0, 101, 20):
        y = base - scale * level
        sketch.line((70, y), (sketch.width - 40, y), ink=sketch.tint(0.2), thick=1)
        sketch.words((60, y), str(level), size=16, anchor="rm")
    for place, (label, value) in enumerate(zip(labels, values, strict=True)):
        left, top = 90 + 100 * place, base - scale * value
        sketch.box((left, top, left + 60, base), fill=sketch.accents[0])
        sketch.words((left + 30, top - 14), str(value), size=18, anchor="mm")
        sketch.words((left + 30, base + 20), label, size=17, anchor="mm")
    sketch.line((70, base), (sketch.width - 40, base))
