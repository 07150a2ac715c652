"""A sign with opening hours."""

from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.sketch import Sketch
from synth.images.words import words
from synth.language import Language

OPENING_HOURS = "opening_hours@1"

HEAD = {"en": "Opening hours", "zh": "开放时间"}
CLOSED = {"en": "closed", "zh": "休息"}


def opening_hours(*, rng: Random, language: Language) -> Task:
    """Seven days, one of them closed."""
    days = words("weekdays", language)
    place = rng.choice(words("places", language))
    shut = rng.randrange(7)
    hours = [None if day == shut else (rng.randint(7, 11), rng.randint(15, 21)) for day in range(7)]
    what = rng.choice(questions("opening_hours"))
    if what == "closed":
        question, asked = ask("opening_hours", what, language=language, rng=rng)
        answer = days[shut]
    else:
        day = rng.choice([day for day in range(7) if day != shut])
        question, asked = ask("opening_hours", what, days[day], language=language, rng=rng)
        start, end = hours[day] or (0, 0)
        answer = {"opens": f"{start}:00", "closes": f"{end}:00", "hours": str(end - start)}[what]
    sketch = Sketch(rng, width=520)
    frame = sketch.accents[0]
    sketch.box((16, 16, 504, 504), fill=sketch.tint(0.05), ink=frame, thick=8, radius=rng.choice((0, 24)))
    sketch.words((260, 44), place[0].upper() + place[1:], size=34, anchor="ma", bold=True)
    sketch.words((260, 98), HEAD[language], size=22, anchor="ma", ink=sketch.tint(0.75))
    for day, span in enumerate(hours):
        y = 150 + 46 * day
        sketch.words((70, y), days[day], size=24)
        sketch.words((450, y), f"{span[0]}:00 – {span[1]}:00" if span else CLOSED[language], size=24, anchor="ra")
    data = {"place": place, "days": list(days), "hours": [span and list(span) for span in hours], "ask": asked}
    return Task(sketch.scene(OPENING_HOURS, height=520, data=data), question, answer)
