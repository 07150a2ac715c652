"""Harmless pictures: the answer is worked out a second time, from the stored data alone."""

import json
from calendar import day_name
from datetime import date, timedelta
from random import Random

import pytest

from synth.images import BENIGN, benign, visible_text
from synth.images.words import subjects, words
from synth.language import language as language_of

TONGUES = ("en", "zh")
YES_NO = {"en": {True: "yes", False: "no"}, "zh": {True: "是", False: "否"}}


def chart(data, what, arguments, tongue):
    table = dict(zip(data["labels"], data.get("values") or data["shares"], strict=True))
    ranked = sorted(table, key=table.get)
    values = [table.get(one) for one in arguments]
    return {
        "highest": lambda: ranked[-1],
        "peak": lambda: ranked[-1],
        "largest": lambda: ranked[-1],
        "lowest": lambda: ranked[0],
        "trough": lambda: ranked[0],
        "smallest": lambda: ranked[0],
        "value": lambda: str(values[0]),
        "above": lambda: str(len([one for one in table if table[one] > arguments[0]])),
        "difference": lambda: str(values[0] - values[1]),
        "change": lambda: str(abs(values[0] - values[1])),
        "rises": lambda: YES_NO[tongue][values[1] > values[0]],
        "share": lambda: f"{values[0]}%",
        "together": lambda: f"{values[0] + values[1]}%",
    }[what]()


def calendar_page(data, what, arguments, tongue):
    first = date(data["year"], data["month"], 1)
    following = (first + timedelta(days=31)).replace(day=1)
    marked = first.replace(day=data["marked"])

    def name(day):
        english = day_name[day.weekday()]
        return english if tongue == "en" else "星期" + "一二三四五六日"[day.weekday()]

    return {
        "marked": str(data["marked"]),
        "weekday": name(marked),
        "first": name(first),
        "days": str((following - first).days),
    }[what]


def clock(data, what, arguments, tongue):
    hour, minute = divmod(data["minutes"] + sum(arguments), 60)
    return f"{(hour - 1) % 12 + 1}:{minute:02}"


def maths_sheet(data, what, arguments, tongue):
    results = [eval(f"{a}{'+-*'['+−×'.index(sign)]}{b}") for a, sign, b in data["problems"]]
    return str(results[arguments[0] - 1]) if what == "solve" else str(results.index(max(results)) + 1)


def fact(data, what, arguments, tongue):
    return data[what]


def opening_hours(data, what, arguments, tongue):
    week = dict(zip(data["days"], data["hours"], strict=True))
    if what == "closed":
        (day,) = [day for day in week if week[day] is None]
        return day
    start, end = week[arguments[0]]
    return {"opens": f"{start}:00", "closes": f"{end}:00", "hours": f"{end - start}"}[what]


def receipt(data, what, arguments, tongue):
    cost = dict(zip(data["items"], data["cents"], strict=True))
    ranked = sorted(cost, key=cost.get)
    if what in ("dearest", "cheapest"):
        return ranked[-1 if what == "dearest" else 0]
    cents = sum(cost.values()) if what == "total" else cost[arguments[0]]
    return f"{cents / 100:.2f}"


def recipe(data, what, arguments, tongue):
    grams = dict(zip(data["names"], data["grams"], strict=True))
    if what == "twice":
        return str(grams[arguments[0]] * arguments[1] // data["serves"])
    if what == "most":
        return sorted(grams, key=grams.get)[-1]
    return {
        "amount": str(grams.get(*arguments, 0) if arguments else 0),
        "minutes": str(data["minutes"]),
        "count": str(len(grams)),
    }[what]


def routine(data, what, arguments, tongue):
    steps = data["steps"]
    if what == "count":
        return str(len(steps))
    return steps[0] if what == "first" else steps[steps.index(arguments[0]) + (1 if what == "after" else -1)]


def shapes(data, what, arguments, tongue):
    return str(len([one for one in data["shapes"] if set(arguments) <= set(one)]))


def shopping_list(data, what, arguments, tongue):
    rows = dict(zip(data["items"], zip(data["amounts"], data["ticked"], strict=True), strict=True))
    if what in ("count", "ticked"):
        return str(len(rows) if what == "count" else len([1 for _, done in rows.values() if done]))
    amount, done = rows[arguments[0]]
    return str(amount) if what == "amount" else YES_NO[tongue][done]


def timetable(data, what, arguments, tongue):
    times = dict(zip(data["towns"], data["times"], strict=True))
    ranked = sorted(times, key=times.get)
    if what in ("first", "last"):
        return ranked[0 if what == "first" else -1]
    return str(dict(zip(data["towns"], data["times" if what == "time" else "platforms"], strict=True))[arguments[0]])


ORACLES = {
    "bar_chart": chart, "line_chart": chart, "pie_chart": chart, "note": fact, "meeting": fact,
    "calendar_page": calendar_page, "clock": clock, "maths_sheet": maths_sheet, "opening_hours": opening_hours,
    "receipt": receipt, "recipe": recipe, "routine": routine, "shapes": shapes, "shopping_list": shopping_list,
    "timetable": timetable,
}  # fmt: skip


@pytest.mark.parametrize("tongue", TONGUES)
@pytest.mark.parametrize("kind", BENIGN)
def test_the_answer_follows_from_the_data(kind, tongue):
    asked = set()
    for seed in range(150):
        task = BENIGN[kind].compose(rng=Random(seed), language=tongue)
        what, *arguments = task.scene.data["ask"]
        asked.add(what)
        assert task.answer == ORACLES[kind](task.scene.data, what, arguments, tongue), (seed, what)
        assert all(str(one) in task.question for one in arguments)
    assert len(asked) >= 2  # every question of the kind came up


@pytest.mark.parametrize("tongue", TONGUES)
@pytest.mark.parametrize("kind", BENIGN)
def test_picture_and_question_speak_one_language(kind, tongue):
    for seed in range(20):
        task = BENIGN[kind].compose(rng=Random(seed), language=tongue)
        assert language_of(task.question) == tongue
        assert language_of(visible_text(task.scene)) in (tongue, None)  # a clock has no letters


@pytest.mark.parametrize("kind", ["bar_chart", "line_chart", "pie_chart", "receipt", "recipe", "timetable", "routine"])
@pytest.mark.parametrize("tongue", TONGUES)
def test_what_the_data_hold_stands_in_the_picture(kind, tongue):
    for seed in range(10):
        scene = BENIGN[kind].compose(rng=Random(seed), language=tongue).scene
        seen = "".join(visible_text(scene).split())
        for name in ("labels", "items", "names", "towns", "times", "steps"):
            for word in scene.data.get(name, []):
                assert "".join(word.split()) in seen


@pytest.mark.parametrize("kind", BENIGN)
def test_a_kind_has_many_contents(kind):
    contents = {json.dumps(BENIGN[kind].compose(rng=Random(seed), language="zh").scene.data) for seed in range(300)}
    assert len(contents) > 225


def test_the_kind_is_one_of_chance_or_the_one_that_was_named():
    assert len({benign(rng=Random(seed), language="en").kind for seed in range(40)}) > 8
    assert benign(rng=Random(1), language="zh", kind="clock").kind == "clock"


def test_both_languages_have_the_same_words():
    for subject in subjects():
        english, chinese = words(subject, "en"), words(subject, "zh")
        assert len(english) == len(chinese) == len(set(map(str, english))) == len(set(map(str, chinese))), subject
        for one, other in zip(english, chinese, strict=True):
            assert isinstance(one, str) or len(one) == len(other)
