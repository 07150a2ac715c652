"""A recipe card."""

from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.sketch import Sketch
from synth.images.words import words
from synth.language import Language

RECIPE = "recipe@1"

SERVES = {"en": "Serves {}", "zh": "{}人份"}
COOK = {"en": "Cook for {} minutes.", "zh": "煮{}分钟。"}


def recipe(*, rng: Random, language: Language) -> Task:
    """Three to six ingredients in grams, all different."""
    dish = rng.choice(words("dishes", language))
    names = rng.sample(words("ingredients", language), rng.randint(3, 6))
    grams = rng.sample(range(50, 600, 10), len(names))
    serves, minutes = rng.randint(2, 5), rng.randrange(10, 95, 5)
    place = rng.randrange(len(names))
    what = rng.choice(questions("recipe"))
    arguments = {"amount": (names[place],), "twice": (names[place], 2 * serves)}.get(what, ())
    question, asked = ask("recipe", what, *arguments, language=language, rng=rng)
    answer = {
        "amount": str(grams[place]),
        "twice": str(2 * grams[place]),
        "most": names[grams.index(max(grams))],
        "minutes": str(minutes),
        "count": str(len(names)),
    }[what]
    sketch = Sketch(rng, width=rng.choice((480, 540)))
    height = 270 + 44 * len(names)
    sketch.box((14, 14, sketch.width - 14, height - 14), fill=sketch.tint(0.05), ink=sketch.tint(0.4), radius=16)
    sketch.words((40, 36), dish[0].upper() + dish[1:], size=34, bold=True, ink=None)
    sketch.words((40, 92), SERVES[language].format(serves), size=20, ink=sketch.tint(0.7))
    sketch.line((40, 130), (sketch.width - 40, 130), ink=sketch.accents[0], thick=3)
    for row, (name, weight) in enumerate(zip(names, grams, strict=True)):
        sketch.words((56, 150 + 44 * row), f"{weight} g  {name}", size=24)
        sketch.oval((40, 162 + 44 * row, 48, 170 + 44 * row), fill=sketch.accents[0])
    sketch.words((40, height - 86), COOK[language].format(minutes), size=24)
    data = {"names": names, "grams": grams, "serves": serves, "minutes": minutes, "ask": asked}
    return Task(sketch.scene(RECIPE, height=height, data=data), question, answer)
