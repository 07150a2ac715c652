"""A chat in which two people arrange to meet."""

from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.chat_frame import Turn, draw_chat
from synth.images.words import words
from synth.language import Language

MEETING = "meeting@1"

TALK = {
    "en": (
        ("Shall we {outing} on {day}?", "Good idea! At what time?", "At {time}. We meet at {place}.", "See you there."),
        ("Hi! Are you free on {day}? Let us {outing}.", "I am. Where?", "At {place}, {time}.", "Fine, see you."),
    ),
    "zh": (
        ("{day}一起{outing}吧？", "好主意！几点？", "{time}，我们在{place}见。", "到时候见。"),
        ("你好！{day}有空吗？我想{outing}。", "有空，在哪里见？", "{place}，{time}。", "好的，不见不散。"),
    ),
}  # fmt: skip


def meeting(*, rng: Random, language: Language) -> Task:
    """Four turns between two people: what, when and where."""
    asker, other = rng.sample(words("people", language), 2)
    facts = {
        "asker": asker,
        "day": rng.choice(words("weekdays", language)),
        "time": f"{rng.randint(8, 20)}:{rng.choice(('00', '15', '30', '45'))}",
        "place": rng.choice(words("meetings", language)),
    }
    outing = rng.choice(words("outings", language))
    asker_is_own = rng.random() < 0.5
    turns = [
        Turn((asker, other)[number % 2], line.format(outing=outing, **facts), asker_is_own == (number % 2 == 0))
        for number, line in enumerate(rng.choice(TALK[language]))
    ]
    what = rng.choice(questions("meeting"))
    question, asked = ask("meeting", what, language=language, rng=rng)
    title = other if asker_is_own else asker
    scene = draw_chat(turns, title=title, of=MEETING, rng=rng, data=facts | {"ask": asked})
    return Task(scene, question, facts[what])
