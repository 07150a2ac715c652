"""A receipt of a stationer."""

from random import Random

from synth.images.benign.task import Task, ask, questions
from synth.images.sketch import Sketch
from synth.images.words import words
from synth.language import Language

RECEIPT = "receipt@1"

SHOP = {"en": "{} Stationers", "zh": "{}文具店"}
THANKS = {"en": "Thank you!", "zh": "谢谢惠顾！"}


def receipt(*, rng: Random, language: Language) -> Task:
    """Three to six items of different prices; the total is left to the reader."""
    items = rng.sample(words("stationery", language), rng.randint(3, 6))
    cents = rng.sample(range(50, 1500, 5), len(items))
    prices = [money(price) for price in cents]
    place = rng.randrange(len(items))
    what = rng.choice(questions("receipt"))
    question, asked = ask("receipt", what, *([items[place]] if what == "price" else []), language=language, rng=rng)
    answer = {
        "total": money(sum(cents)),
        "price": prices[place],
        "dearest": items[cents.index(max(cents))],
        "cheapest": items[cents.index(min(cents))],
    }[what]
    sketch = Sketch(rng, width=400)
    height = 220 + 42 * len(items)
    sketch.box((12, 12, 388, height - 12), fill=sketch.tint(0.03), ink=sketch.tint(0.3))
    sketch.words(
        (200, 34), SHOP[language].format(rng.choice(words("towns", language))), size=26, anchor="ma", bold=True
    )
    date = f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    sketch.words((200, 80), date, size=18, anchor="ma", ink=sketch.tint(0.7))
    for row, (item, price) in enumerate(zip(items, prices, strict=True)):
        sketch.words((40, 124 + 42 * row), item, size=22)
        sketch.words((360, 124 + 42 * row), price, size=22, anchor="ra")
    for left in range(40, 360, 16):
        sketch.line((left, height - 84), (left + 8, height - 84), ink=sketch.tint(0.5))
    sketch.words((200, height - 64), THANKS[language], size=20, anchor="ma")
    data = {"items": items, "cents": cents, "ask": asked}
    return Task(sketch.scene(RECEIPT, height=height, data=data), question, answer)


def money(cents: int) -> str:
    """Cents as a price."""
    return f"{cents // 100}.{cents % 100:02}"
