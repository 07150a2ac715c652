"""A pie chart of a month's spending."""

from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.sketch import Sketch
from synth.images.words import words
from synth.language import Language

PIE_CHART = "pie_chart@1"


def pie_chart(*, rng: Random, language: Language) -> Task:
    """Three to five shares, all different, in steps of five per cent."""
    shares = _shares(rng)
    labels = rng.sample(words("spending", language), len(shares))
    what = rng.choice(questions("pie_chart"))
    if what in ("largest", "smallest"):
        question, asked = ask("pie_chart", what, language=language, rng=rng)
        answer = labels[shares.index((max if what == "largest" else min)(shares))]
    else:
        places = rng.sample(range(len(shares)), 1 if what == "share" else 2)
        question, asked = ask("pie_chart", what, *(labels[place] for place in places), language=language, rng=rng)
        answer = f"{sum(shares[place] for place in places)}%"
    sketch = Sketch(rng, width=620)
    angle = float(rng.randrange(0, 360, 15))
    for place, (label, share) in enumerate(zip(labels, shares, strict=True)):
        end = angle + 3.6 * share
        sketch.slice((40, 40, 360, 360), start=angle, end=end, fill=sketch.accents[place])
        top = 70 + 56 * place
        sketch.box((400, top, 424, top + 24), fill=sketch.accents[place])
        sketch.words((436, top + 12), f"{label} {share}%", size=22, anchor="lm")
        angle = end
    data = {"labels": labels, "shares": shares, "ask": asked}
    return Task(sketch.scene(PIE_CHART, height=400, data=data), question, answer)


def _shares(rng: Random) -> list[int]:
    """Different multiples of five that make a hundred."""
    count = rng.randint(3, 5)
    while True:
        cuts = sorted(rng.sample(range(5, 100, 5), count - 1))
        shares = [after - before for before, after in zip([0, *cuts], [*cuts, 100], strict=True)]
        if len(set(shares)) == count:
            return shares
