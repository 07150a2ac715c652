"""A page of a calendar with one day marked."""

from calendar import monthrange
from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.sketch import Sketch
from synth.images.words import words
from synth.language import Language

CALENDAR_PAGE = "calendar_page@1"

TITLE = {"en": "{month} {year}", "zh": "{year}年{month}"}


def calendar_page(*, rng: Random, language: Language) -> Task:
    """A month between 2020 and 2039, weeks from Monday."""
    year, month = rng.randint(2020, 2039), rng.randint(1, 12)
    first, days = monthrange(year, month)
    marked = rng.randint(1, days)
    weekdays = words("weekdays", language)
    what = rng.choice(questions("calendar_page"))
    question, asked = ask("calendar_page", what, language=language, rng=rng)
    answer = {
        "marked": str(marked),
        "weekday": weekdays[(first + marked - 1) % 7],
        "first": weekdays[first],
        "days": str(days),
    }[what]
    sketch = Sketch(rng, width=600)
    weeks = -(-(first + days) // 7)
    title = TITLE[language].format(month=words("months", language)[month - 1], year=year)
    sketch.words((300, 20), title, size=32, anchor="ma", bold=True)
    for column, name in enumerate(weekdays):
        short = name[:3] if language == "en" else name[-1]
        sketch.words((60 + 80 * column, 96), short, size=20, anchor="mm", ink=sketch.tint(0.7))
    for day in range(1, days + 1):
        row, column = divmod(first + day - 1, 7)
        x, y = 60 + 80 * column, 146 + 58 * row
        if day == marked:
            sketch.oval((x - 27, y - 27, x + 27, y + 27), ink=sketch.accents[0], thick=5)
        sketch.words((x, y), str(day), size=24, anchor="mm")
    data = {"year": year, "month": month, "marked": marked, "ask": asked}
    return Task(sketch.scene(CALENDAR_PAGE, height=140 + 58 * weeks, data=data), question, answer)
