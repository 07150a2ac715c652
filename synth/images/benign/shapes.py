"""Coloured shapes to count."""

from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.sketch import Sketch
from synth.images.words import words
from synth.language import Language

SHAPES = "shapes@1"

PAINT = ("#d62828", "#1f5fbf", "#2e8b57", "#e08a1e", "#7b2fa0")
_CELL = 110


def shapes(*, rng: Random, language: Language) -> Task:
    """Five to twelve circles, squares and triangles, in five colours, on a grid."""
    names, colours = words("shapes", language), words("colours", language)
    cells = rng.sample(range(15), rng.randint(5, 12))
    drawn = [(cell, rng.randrange(3), rng.randrange(5)) for cell in cells]
    _, shape, colour = rng.choice(drawn)
    what = rng.choice(questions("shapes"))
    arguments = {"both": (colours[colour], names[shape]), "shape": (names[shape],), "colour": (colours[colour],)}[what]
    question, asked = ask("shapes", what, *arguments, language=language, rng=rng)
    fitting = [
        (what == "colour" or its_shape == shape) and (what == "shape" or its_colour == colour)
        for _, its_shape, its_colour in drawn
    ]
    sketch = Sketch(rng, width=5 * _CELL + 40)
    for cell, its_shape, its_colour in drawn:
        row, column = divmod(cell, 5)
        x, y = (20 + _CELL * place + _CELL // 2 + rng.randint(-12, 12) for place in (column, row))
        _draw(sketch, its_shape, x, y, rng.randint(24, 40), PAINT[its_colour])
    data = {"shapes": [[names[one], colours[other]] for _, one, other in drawn], "ask": asked}
    return Task(sketch.scene(SHAPES, height=3 * _CELL + 40, data=data), question, str(sum(fitting)))


def _draw(sketch: Sketch, shape: int, x: int, y: int, reach: int, paint: str) -> None:
    frame = (x - reach, y - reach, x + reach, y + reach)
    if shape == 0:
        sketch.oval(frame, fill=paint)
    elif shape == 1:
        sketch.box(frame, fill=paint)
    else:
        sketch.area((x, y - reach), (x + reach, y + reach), (x - reach, y + reach), fill=paint)
