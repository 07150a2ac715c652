"""A shopping list, some of it ticked off."""

from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.sketch import Sketch
from synth.images.words import words
from synth.language import Language

SHOPPING_LIST = "shopping_list@1"

HEAD = {"en": ("Shopping", "To buy", "Groceries"), "zh": ("购物清单", "要买的东西", "买菜")}
YES_NO = {"en": ("yes", "no"), "zh": ("是", "否")}


def shopping_list(*, rng: Random, language: Language) -> Task:
    """Four to nine items with a number each."""
    items = rng.sample(words("groceries", language), rng.randint(4, 9))
    amounts = [rng.randint(1, 12) for _ in items]
    ticked = [rng.random() < 0.4 for _ in items]
    place = rng.randrange(len(items))
    what = rng.choice(questions("shopping_list"))
    arguments = [items[place]] if what in ("amount", "is_ticked") else []
    question, asked = ask("shopping_list", what, *arguments, language=language, rng=rng)
    answer = {
        "count": str(len(items)),
        "ticked": str(sum(ticked)),
        "amount": str(amounts[place]),
        "is_ticked": YES_NO[language][not ticked[place]],
    }[what]
    sketch = Sketch(rng, width=420)
    by_hand = rng.random() < 0.6
    sketch.words((40, 30), rng.choice(HEAD[language]), size=32, bold=True)
    for row, (item, amount, done) in enumerate(zip(items, amounts, ticked, strict=True)):
        top = 100 + 48 * row
        sketch.box((40, top, 66, top + 26), ink=sketch.tint(0.8))
        if done:
            sketch.line((44, top + 13), (52, top + 22), (68, top - 4), ink=sketch.accents[0], thick=4)
        sketch.words((86, top - 6), item, size=26, by_hand=by_hand)
        sketch.words((330, top - 6), f"× {amount}", size=26, by_hand=by_hand)
    data = {"items": items, "amounts": amounts, "ticked": ticked, "ask": asked}
    return Task(sketch.scene(SHOPPING_LIST, height=120 + 48 * len(items), data=data), question, answer)
