"""A note by hand, about an errand."""

from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.sketch import Sketch, pitch
from synth.images.words import words
from synth.language import Language

NOTE = "note@1"

TEXT = {
    "en": (
        "Dear {to},\nplease {errand} on {day} before {time}.\nThanks! {from}",
        "{to}, could you {errand}? {day} will do, but not later than {time}.\nYours, {from}",
    ),
    "zh": (
        "{to}：\n请在{day}{time}之前{errand}。\n谢谢！{from}",
        "{to}，你好！\n{day}能帮忙{errand}吗？最晚{time}。\n{from}",
    ),
}


def note(*, rng: Random, language: Language) -> Task:
    """Two people, an errand, a day and a time."""
    reader, writer = rng.sample(words("people", language), 2)
    facts = {
        "to": reader,
        "from": writer,
        "errand": rng.choice(words("errands", language)),
        "day": rng.choice(words("weekdays", language)),
        "time": f"{rng.randint(8, 20)}:{rng.choice(('00', '15', '30', '45'))}",
    }
    text = rng.choice(TEXT[language]).format(**facts)
    what = rng.choice(questions("note"))
    question, asked = ask("note", what, language=language, rng=rng)
    sketch = Sketch(rng, width=rng.choice((440, 500)))
    size = rng.choice((26, 30))
    lines = sketch.lines(text, size=size, width=sketch.width - 100)
    height = 100 + pitch(size) * len(lines)
    sketch.box((16, 16, sketch.width - 16, height - 16), fill=sketch.tint(0.07), ink=sketch.tint(0.25))
    sketch.area((sketch.width - 56, 16), (sketch.width - 16, 56), (sketch.width - 16, 16), fill=sketch.tint(0.3))
    sketch.paragraph((50, 48), text, size=size, width=sketch.width - 100, by_hand=True)
    return Task(sketch.scene(NOTE, height=height, data=facts | {"text": text, "ask": asked}), question, facts[what])
