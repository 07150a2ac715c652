"""A table of departures."""

from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.sketch import Sketch
from synth.images.words import words
from synth.language import Language

TIMETABLE = "timetable@1"

HEAD = {"en": ("Train to", "Leaves", "Platform"), "zh": ("开往", "发车", "站台")}


def timetable(*, rng: Random, language: Language) -> Task:
    """Three to seven trains to different places at different times, in any order."""
    towns = rng.sample(words("towns", language), rng.randint(3, 7))
    minutes = rng.sample(range(5 * 60, 23 * 60, 5), len(towns))
    times = [f"{minute // 60:02}:{minute % 60:02}" for minute in minutes]
    platforms = [rng.randint(1, 12) for _ in towns]
    place = rng.randrange(len(towns))
    what = rng.choice(questions("timetable"))
    arguments = [towns[place]] if what in ("time", "platform") else []
    question, asked = ask("timetable", what, *arguments, language=language, rng=rng)
    answer = {
        "time": times[place],
        "platform": str(platforms[place]),
        "first": towns[minutes.index(min(minutes))],
        "last": towns[minutes.index(max(minutes))],
    }[what]
    rows = [[town, time, str(platform)] for town, time, platform in zip(towns, times, platforms, strict=True)]
    sketch = Sketch(rng, width=600)
    height = 40 + 52 * (len(rows) + 1)
    columns, rule = (20, 300, 450, 580), sketch.tint(0.4)
    sketch.box((20, 20, 580, 72), fill=sketch.accents[0])
    for row, cells in enumerate([list(HEAD[language]), *rows]):
        top = 20 + 52 * row
        for left, cell in zip(columns, cells, strict=False):
            sketch.words((left + 14, top + 26), cell, size=24, anchor="lm", ink="#ffffff" if row == 0 else None)
        sketch.line((20, top + 52), (580, top + 52), ink=rule, thick=1)
    for across in columns:
        sketch.line((across, 20), (across, height - 20), ink=rule, thick=1)
    data = {"towns": towns, "times": times, "platforms": platforms, "ask": asked}
    return Task(sketch.scene(TIMETABLE, height=height, data=data), question, answer)
