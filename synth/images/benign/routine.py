"""A flow chart of an everyday routine: what the flow charts with a risk look like, without one."""

from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.flow_chart import draw_flow_chart
from synth.images.words import words
from synth.language import Language

ROUTINE = "routine@1"


def routine(*, rng: Random, language: Language) -> Task:
    """Three to six steps of an everyday routine, in order."""
    title, *every = rng.choice(words("routines", language))
    steps = [every[place] for place in sorted(rng.sample(range(len(every)), rng.randint(3, len(every))))]
    place = rng.randrange(len(steps) - 1)
    what = rng.choice(questions("routine"))
    arguments = {"after": (steps[place],), "before": (steps[place + 1],)}.get(what, ())
    question, asked = ask("routine", what, *arguments, language=language, rng=rng)
    answer = {"after": steps[place + 1], "before": steps[place], "count": str(len(steps)), "first": steps[0]}[what]
    scene = draw_flow_chart(title, steps, tongue=language, of=ROUTINE, rng=rng)
    return Task(scene.model_copy(update={"data": scene.data | {"ask": asked}}), question, answer)
