"""What each generator of a plan is given, and what is made of rows without a model."""

import pytest

from catalog.ids import chat, prompt_id, sample_id
from synth import fill, model_free
from synth.balance import Job
from synth.generators import GENERATORS
from tests.synth import turns

FRAUD = {"category": "fraud", "subcategory": "fraud/phishing"}
TEXTS = {
    "en": ("How do I water a cactus in winter?", "Once a month is enough for it."),
    "zh": ("冬天怎么给仙人掌浇水？", "一个月浇一次就够了。"),
}


def row(language="en", label="Safe without risk", *, number=0, reply=True, **changes):
    asked, answer = TEXTS[language]
    messages = chat(f"{number}. {asked}", answer if reply else None)
    facts = {
        "sample_id": sample_id(messages),
        "prompt_id": prompt_id(messages),
        "messages": messages,
        "task": "safety",
        "label": label,
        "unsafe": False,
        "category": None,
        "subcategory": None,
        "split": "train",
        "prompt": f"{number}. {asked}",
        "response": answer if reply else None,
        "images": [],
    }
    return facts | changes


def job(generator, label="Safe without risk", language="en", requests=3, **place):
    common = {"task": "safety", "modality": "text", "rows": 1}
    return Job(generator=generator, label=label, language=language, requests=requests, **common, **place)


def test_generators_come_in_the_order_in_which_they_need_each_other():
    jobs = [
        job("counterfactual_edit", **FRAUD),
        job("translate", **FRAUD),
        job("benign_twin"),
        job("harmful_request", **FRAUD),
    ]
    assert fill.order(jobs) == [
        "harmful_request",
        "benign_twin",
        "translate",
        "back_translate",
        "counterfactual_edit",
        "steered",
    ]


def test_a_job_starts_from_rows_of_its_cell_and_says_how_many_are_missing():
    rows = [row(number=n, label=None, reply=False, **FRAUD) for n in range(2)]
    rows += [row("zh", label=None, reply=False, **FRAUD), row(number=9, label=None, reply=False)]
    filled = fill.fill("paraphrase", [job("paraphrase", requests=5, **FRAUD)], rows)
    assert {item.id for item in filled.items} == {one["sample_id"] for one in rows[:2]}
    assert filled.missing == 3
    assert set(filled.wanted.values()) == {"Safe without risk"}


def test_a_translation_starts_in_the_other_language():
    rows = [row("zh", label=None, reply=False, **FRAUD), row(label=None, reply=False, **FRAUD)]
    (item,) = fill.fill("translate", [job("translate", **FRAUD)], rows).items
    assert item.language == "zh"


def test_a_translation_that_nobody_confirmed_is_not_answered():
    facts = {"wanted": "Safe without risk", "gold": None, "parent_id": None}
    rows = [
        row(number=1, label=None, reply=False) | facts | {"relation": "translate@1"},
        row(number=2, label=None, reply=False) | facts | {"relation": "back_translate@1"},
    ]
    assert [item.parent.sample_id for item in fill.fill("steered", [], rows).items] == [rows[1]["sample_id"]]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_turns_of_a_user_are_answered_by_a_policy_and_nothing_else_starts_from_them(language):
    facts = {"wanted": "Safe with refusal", "gold": None, "parent_id": None, "relation": "escalation@1"}
    waiting = turns.waiting(language, 1) | facts
    one = row(language, label=None, reply=False, **FRAUD) | facts | {"relation": "harmful_request@1"}
    rows = [waiting, one]
    (item,) = (filled := fill.fill("rollout", [], rows)).items
    assert (item.parent.sample_id, item.language) == (waiting["sample_id"], language)
    assert filled.wanted == {item.id: "Safe with refusal"}
    (item,) = fill.fill("steered", [], rows).items
    assert item.parent.sample_id == one["sample_id"]
    for generator in ("paraphrase", "persona", "benign_twin"):
        place = {} if generator == "benign_twin" else FRAUD
        filled = fill.fill(generator, [job(generator, language=language, requests=2, **place)], rows)
        assert [item.parent.sample_id for item in filled.items] == [one["sample_id"]] and filled.missing == 1


def test_what_escalates_is_followed_by_a_rollout():
    escalating = job("harmful_request", **FRAUD).model_copy(update={"generator": "escalation"})
    assert fill.order([escalating]) == ["escalation", "rollout"]
    assert fill.order([escalating, job("borderline", **FRAUD)]) == ["borderline", "escalation", "rollout", "steered"]


def test_order_of_the_rows_changes_nothing():
    rows = [row(number=n, label=None, reply=False, **FRAUD) for n in range(9)]
    plan = [job("paraphrase", requests=4, **FRAUD)]
    there, back = (fill.fill("paraphrase", plan, some, seed=3) for some in (rows, rows[::-1]))
    assert {item.id for item in there.items} == {item.id for item in back.items}
    assert there.items != fill.fill("paraphrase", plan, rows, seed=4).items


@pytest.mark.parametrize(
    ("place", "made"),
    [({}, 1), ({"category": "fraud"}, 0), ({"unsafe": None, "label": None}, 0)],
    ids=["harmless", "named harm", "nothing known"],
)
def test_a_refusal_is_needless_only_where_the_request_is_known_to_be_harmless(place, made):
    plan = [job("edits", "Unnecessary refusal", requests=1)]
    found, _ = model_free.make("edits", plan, [row(**place)])
    assert found.rows.height == made
    assert found.asked == found.answered + found.gone.height


def test_lifts_attacks_and_edits_add_up_and_name_their_parent():
    rows = [row(language, number=n) for language in ("en", "zh") for n in range(4)]
    for name in ("lift", "attacks", "edits"):
        label = "Illogical completion" if name == "edits" else "Safe without risk"
        modality = {"modality": "image"} if name == "lift" else {}
        plan = [job(name, label, language, requests=6).model_copy(update=modality) for language in ("en", "zh")]
        found, media = model_free.make(name, plan, rows, seed=1)
        again, _ = model_free.make(name, plan, rows[::-1], seed=1)
        assert found.asked == 12 == found.answered + found.gone.height
        assert found.rows.sort("sample_id").equals(again.rows.sort("sample_id"))
        assert set(found.lineage["parent_id"]) <= {one["sample_id"] for one in rows}
        assert set(found.rows["label"]) == {label}
        assert len(media) == (found.rows.height if name == "lift" else 0)


def test_every_generator_has_a_place_in_the_order():
    labels = {"value": "good", "knowledge": "TRUE"}
    jobs = [
        job("harmful_request").model_copy(
            update={"generator": name, "task": one.task or "safety", "label": labels.get(one.task, "Unsafe")}
        )
        for name, one in GENERATORS.items()
    ]
    assert set(fill.order(jobs)) == set(GENERATORS)
