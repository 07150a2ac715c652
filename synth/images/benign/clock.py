"""A clock with hands."""

from math import cos, pi, sin
from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.scene import Point
from synth.images.sketch import Sketch
from synth.language import Language

CLOCK = "clock@1"

_CENTRE, _RADIUS = 240, 200


def clock(*, rng: Random, language: Language) -> Task:
    """A time on the twelve-hour dial, to five minutes."""
    minutes = rng.randrange(0, 720, 5)
    what = rng.choice(questions("clock"))
    later = rng.randrange(5, 60, 5) if what == "later" else 0
    question, asked = ask("clock", what, *([later] if later else []), language=language, rng=rng)
    sketch = Sketch(rng, width=2 * _CENTRE)
    edge = (_CENTRE - _RADIUS, _CENTRE - _RADIUS, _CENTRE + _RADIUS, _CENTRE + _RADIUS)
    sketch.oval(edge, fill=sketch.tint(0.05), ink=sketch.accents[0], thick=rng.choice((6, 10, 14)))
    for hour in range(1, 13):
        sketch.words(_at(hour / 12, 0.8), str(hour), size=30, anchor="mm")
    for minute in range(60):
        sketch.line(_at(minute / 60, 0.92), _at(minute / 60, 0.96), thick=1 if minute % 5 else 3)
    centre = (_CENTRE, _CENTRE)
    sketch.line(centre, _at(minutes / 720, 0.48), thick=10)
    sketch.line(centre, _at(minutes / 60, 0.72), thick=5, ink=sketch.accents[1])
    sketch.oval((_CENTRE - 10, _CENTRE - 10, _CENTRE + 10, _CENTRE + 10), fill=sketch.tint(1))
    data = {"minutes": minutes, "ask": asked}
    return Task(sketch.scene(CLOCK, height=2 * _CENTRE, data=data), question, _face((minutes + later) % 720))


def _face(minutes: int) -> str:
    return f"{minutes // 60 or 12}:{minutes % 60:02}"


def _at(turn: float, reach: float) -> Point:
    """A point on the dial: a share of the way round from twelve, and of the radius."""
    angle = 2 * pi * turn
    return round(_CENTRE + reach * _RADIUS * sin(angle)), round(_CENTRE - reach * _RADIUS * cos(angle))
