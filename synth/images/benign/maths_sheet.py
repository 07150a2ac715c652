"""A sheet of sums."""

import operator
from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.sketch import Sketch
from synth.language import Language

MATHS_SHEET = "maths_sheet@1"

HEAD = {"en": ("Maths practice", "Sums for today", "Worksheet"), "zh": ("算术练习", "今日口算", "练习纸")}
OPERATIONS = {"+": operator.add, "−": operator.sub, "×": operator.mul}


def maths_sheet(*, rng: Random, language: Language) -> Task:
    """Four to eight sums whose results are all different and never negative."""
    count = rng.choice((4, 6, 8))
    sums: dict[int, tuple[int, str, int]] = {}
    while len(sums) < count:
        sign = rng.choice("+−×")
        top = 12 if sign == "×" else 99
        large, small = sorted((rng.randint(2, top), rng.randint(2, top)), reverse=True)
        sums[OPERATIONS[sign](large, small)] = (large, sign, small)
    results, problems = list(sums), list(sums.values())
    number = rng.randint(1, count)
    what = rng.choice(questions("maths_sheet"))
    question, asked = ask("maths_sheet", what, *([number] if what == "solve" else []), language=language, rng=rng)
    answer = str(results[number - 1] if what == "solve" else results.index(max(results)) + 1)
    sketch = Sketch(rng, width=640)
    by_hand = rng.random() < 0.4
    sketch.words((320, 28), rng.choice(HEAD[language]), size=30, anchor="ma", bold=True)
    sketch.line((40, 84), (600, 84), ink=sketch.tint(0.5))
    for place, (large, sign, small) in enumerate(problems):
        at = (50 + 290 * (place % 2), 110 + 64 * (place // 2))
        sketch.words(at, f"{place + 1})  {large} {sign} {small} =", size=28, by_hand=by_hand)
        sketch.line((at[0] + 190, at[1] + 38), (at[0] + 260, at[1] + 38), ink=sketch.tint(0.5))
    data = {"problems": [list(problem) for problem in problems], "ask": asked}
    return Task(sketch.scene(MATHS_SHEET, height=130 + 32 * count, data=data), question, answer)
