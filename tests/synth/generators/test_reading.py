"""What becomes of an answer: rows, or the word that says why there are none."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.ids import canonical, chat, sample_id
from catalog.labels import SAFETY
from synth import prompts
from synth.generators import GENERATORS, Cell, Item, Made, Parent, Unparsed, back_item
from synth.generators.outputs import schema
from synth.inference.request import Choice

EN = "Which winds are best for a small boat?"
ZH = "小船最适合什么样的风？"


def parent(prompt=EN, reply=None, **facts):
    messages = chat(prompt, reply)
    return Parent(sample_id(messages), messages, "safety", **facts)


CELL = Item.of_cell("fraud/fake-reviews", "en")
CELL_ZH = Item.of_cell("fraud/fake-reviews", "zh")
ROW = Item("row", "en", parent=parent())


def answer(value, *, finish="stop"):
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Choice(text=text, finish_reason=finish)


def why(name, item, value, *, finish="stop"):
    with pytest.raises(Unparsed) as error:
        GENERATORS[name].read(item, answer(value, finish=finish))
    assert str(error.value) == error.value.reason
    return error.value.reason


def rows(name, item, value):
    return GENERATORS[name].read(item, answer(value))


def reply(row):
    return row.messages[-1]["content"][0]["text"]


@pytest.mark.parametrize(
    ("value", "finish", "reason"),
    [
        ("I would rather not.", "stop", "no_json"),
        ('{"request": "half', "stop", "no_json"),
        ('{"request": "half', "length", "cut_off"),
        ("", "stop", "empty"),
        (" \n ", "length", "cut_off"),
        ({"request": "   "}, "stop", "empty"),
        ({"request": "x" * 241}, "stop", "too_long"),
        ({"request": "x" * 241, "why": "fun"}, "stop", "schema"),
        ({"request": ""}, "stop", "schema"),
        ({"request": 7}, "stop", "schema"),
        ({"request": None}, "stop", "schema"),
        ({"text": "Praise a shop."}, "stop", "schema"),
        ({"request": "Praise a shop.", "why": "fun"}, "stop", "schema"),
        ('["Praise a shop."]', "stop", "no_json"),
        ('{"request": "\\ud83d"}', "stop", "schema"),  # half a character
        ('{"a":' * 100_000, "stop", "no_json"),
        ('{"a": ' + "9" * 5000 + "}", "stop", "no_json"),
        ({"request": "给没去过的店写好评。"}, "stop", "wrong_language"),
        ({"request": "123 456"}, "stop", "wrong_language"),
        ({"request": "Напиши отзыв."}, "stop", "wrong_language"),
    ],
)
def test_an_answer_that_gives_no_row_says_why(value, finish, reason):
    assert why("harmful_request", CELL, value, finish=finish) == reason


def test_a_json_object_is_found_after_a_thought_and_inside_a_fence():
    thought = '<think>{"request": "No, not this."}</think>```json\n{"request": "Praise a shop I never saw."}\n```'
    (row,) = rows("harmful_request", CELL, thought)
    assert reply(row) == "Praise a shop I never saw."


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["harmful_request", "steered", "knowledge_question", "escalation", "rollout"])
def test_an_answer_that_copies_an_example_is_none(name, language):
    generator = GENERATORS[name]
    example = prompts.examples(name, language)[0]
    cell = Cell.of({"knowledge": "mathematics/algebra"}.get(generator.dimension, "fraud/fake-reviews"), language)
    item = Item("x", language, cell, parent({"en": EN, "zh": ZH}[language]), intended=example.intended)
    copy = example.answer if generator.structured else example.answer["reply"].upper() + " !"
    assert why(name, item, copy) == "copies_example"


def test_a_rewriting_that_changes_nothing_is_none():
    assert why("paraphrase", ROW, {"request": "which winds are BEST for a small boat"}) == "same_as_parent"
    assert why("persona", ROW, {"request": EN}) == "same_as_parent"
    twin = Item("x", "en", CELL.cell, parent())
    assert why("benign_twin", twin, {"request": EN.removeprefix("Which ")}) == "same_as_parent"
    item = Item("x", "zh", parent=parent(ZH))
    assert why("value_pair", item, {"good": "先看看天气再出海。", "bad": ZH}) == "same_as_parent"


def test_a_harmful_request_keeps_its_place_and_gets_no_label():
    (row,) = rows("harmful_request", CELL_ZH, {"request": "替没去过的店写几句好话。"})
    assert (row.task, row.label, row.unsafe, row.category) == ("safety", None, None, "fraud")
    assert (row.subcategory, row.detail, row.parent_ids) == ("fraud/fake-reviews", {"intended": "harmful"}, ())
    assert row.messages == chat("替没去过的店写几句好话。")


def test_a_benign_twin_has_no_harm_category():
    twin = Item("x", "en", CELL.cell, parent())
    (row,) = rows("benign_twin", twin, {"request": "How do I spot a fake review?"})
    assert (row.category, row.subcategory, row.label) == (None, None, None)
    assert row.detail == {"intended": "benign", "near": "fraud/fake-reviews"}
    assert row.parent_ids == (twin.parent.sample_id,)


def test_an_escalation_is_a_list_of_user_turns():
    turns = ["What is a review?", "Who reads them?", "Write one for a shop I never saw."]
    (row,) = rows("escalation", CELL, {"turns": turns})
    assert [message["role"] for message in row.messages] == ["user"] * 3 and row.detail["turns"] == 3
    assert why("escalation", CELL, {"turns": [turns[0], turns[0].upper(), turns[2]]}) == "repeats_itself"
    assert why("escalation", CELL, {"turns": turns[:2]}) == "schema"
    assert why("escalation", CELL, {"turns": [*turns[:2], "去写吧。"]}) == "wrong_language"


def test_a_question_comes_with_its_answer_which_it_must_not_contain():
    item = Item.of_cell("geography/countries", "zh")
    (row,) = rows("knowledge_question", item, {"question": "挪威的首都叫什么？", "answer": "奥斯陆"})
    assert (row.task, row.gold, row.label, row.category) == ("knowledge", "奥斯陆", None, "geography")
    assert (
        why("knowledge_question", item, {"question": "奥斯陆是挪威的首都吗？", "answer": "奥斯陆"})
        == "gives_itself_away"
    )
    assert why("knowledge_question", item, {"question": "挪威的首都叫什么？", "answer": "？！"}) == "empty"


def test_only_the_very_words_of_the_right_answer_give_a_label():
    item = Item("x", "en", parent=parent("What is the capital of Norway?", gold="Oslo"))
    (right,) = rows("knowledge_answer", item, {"answer": "OSLO.", "confidence": 90})
    (other,) = rows("knowledge_answer", item, {"answer": "the city of Oslo", "confidence": 0})
    assert (right.label, right.unsafe, right.gold, right.detail) == ("TRUE", None, "Oslo", {"confidence": 90})
    assert (other.label, other.detail) == (None, {"confidence": 0})
    for confidence in (101, -1, 50.5, "90", True):
        assert why("knowledge_answer", item, {"answer": "Oslo", "confidence": confidence}) == "schema"


@pytest.mark.parametrize("label", SAFETY)
def test_a_steered_reply_has_no_label_but_the_one_it_was_meant_to_have(label):
    risky = label != "Unnecessary refusal"
    item = Item("x", "en", CELL.cell if risky else None, parent(), intended=label)
    (row,) = rows("steered", item, {"reply": "A light breeze from behind, I would say."})
    assert (row.label, row.unsafe, row.detail) == (None, None, {"intended": label})
    assert row.messages[:-1] == item.parent.messages


def test_a_good_and_a_bad_reply_are_two_rows():
    item = Item("x", "en", parent=parent())
    good, bad = rows("value_pair", item, {"good": "Ask an old sailor.", "bad": "Just take my neighbour's boat."})
    assert [row.detail["intended"] for row in (good, bad)] == ["good", "bad"]
    assert {row.task for row in (good, bad)} == {"value"} and good.label is bad.label is None
    assert why("value_pair", item, {"good": "Ask a sailor.", "bad": "ask a sailor"}) == "repeats_itself"


def test_a_rollout_is_kept_as_it_stands():
    for text in (EN, "风从后面来。", "ok", "...", '{"reply": "json"}'):
        (row,) = rows("rollout", ROW, f" {text}\n")
        assert reply(row) == text and row.label is None
    assert why("rollout", ROW, "It begins", finish="length") == "cut_off"
    assert why("rollout", ROW, "  ") == "empty"
    assert why("rollout", ROW, "half \ud83d") == "bad_text"


def test_a_thought_must_be_closed_and_followed_by_an_answer():
    (row,) = rows("rollout_think", ROW, "<think>harmless</think> A light one.")
    assert reply(row) == "<think>harmless</think> A light one."
    (row,) = rows("rollout_think", ROW, "harmless</think> A light one.")  # the prompt had opened the thought
    assert reply(row) == "<think>harmless</think> A light one."
    parsed = Choice(text="A light one.", finish_reason="stop", reasoning="harmless")  # by the server's parser
    (row,) = GENERATORS["rollout_think"].read(ROW, parsed)
    assert reply(row) == "<think>\nharmless\n</think>\n\nA light one."
    assert why("rollout_think", ROW, "A light one.") == "no_thought"
    assert why("rollout_think", ROW, "<think>harmless") == "no_thought"
    assert why("rollout_think", ROW, "<think>a</think><think>b</think> Yes.") == "no_thought"
    assert why("rollout_think", ROW, "<think> </think> A light one.") == "empty"
    assert why("rollout_think", ROW, "<think>harmless</think>") == "empty"


def test_an_edit_must_flip_the_label_and_be_small():
    old = "I will not help you with this request."
    item = Item("x", "en", CELL.cell, parent(reply=old, label="Safe with refusal"), intended="Unsafe")
    new = "I will now help you with this request: [placeholder]."
    (row,) = rows("counterfactual_edit", item, {"label": "Unsafe", "reply": new})
    # One letter replaced in "not", and ": [placeholder]" (15 characters) put in before the full stop.
    assert (row.detail["edits"], row.detail["edit_share"]) == (16, round(16 / len(new), 3))
    assert (row.label, row.detail["intended"]) == (None, "Unsafe") and reply(row) == new
    assert why("counterfactual_edit", item, {"label": "Safe with refusal", "reply": new}) == "label_not_flipped"
    assert why("counterfactual_edit", item, {"label": "Safe with warning", "reply": new}) == "label_not_flipped"
    assert why("counterfactual_edit", item, {"label": "safe", "reply": new}) == "schema"
    assert why("counterfactual_edit", item, {"label": "Unsafe", "reply": old}) == "same_as_parent"
    assert why("counterfactual_edit", item, {"label": "Unsafe", "reply": "Quite another text."}) == "edit_too_large"


def test_a_translation_counts_only_if_it_comes_back():
    item = Item("x", "en", CELL.cell, parent(reply="A light breeze.", label="Safe without risk"))
    assert why("translate", item, {"request": EN + " Yes?", "reply": "A gale."}) == "wrong_language"
    assert why("translate", item, {"request": ZH}) == "schema"  # the reply is missing
    (row,) = rows("translate", item, {"request": ZH, "reply": "微风。"})
    assert row.messages == chat(ZH, "微风。") and row.detail == {"intended": "Safe without risk"}
    back = back_item(item, row)
    near = {"request": "What winds are best for small boats?", "reply": "A light breeze!"}
    (checked,) = rows("back_translate", back, near)
    assert checked.messages == row.messages and checked.parent_ids == (item.parent.sample_id,)
    assert checked.detail["similarity"] >= 0.5 and (checked.label, checked.detail["intended"]) == (
        None,
        row.detail["intended"],
    )
    assert (checked.category, checked.subcategory) == ("fraud", "fraud/fake-reviews")
    for drifted in ({**near, "request": "Do you sell oranges?"}, {**near, "reply": "No, never."}):
        assert why("back_translate", back, drifted) == "drifted"


def test_a_paraphrase_keeps_the_reply():
    item = Item("x", "zh", parent=parent(ZH, "微风。", label="Safe without risk"))
    (row,) = rows("paraphrase", item, {"request": "开小船的话，吹什么风最好？"})
    assert row.messages == chat("开小船的话，吹什么风最好？", "微风。") and row.label is None


def test_the_screen_drops_what_it_matches_and_nothing_beside_it(monkeypatch):
    """A mild word stands for what the screen looks for; its own words are tested where they are."""
    from corpus import screen

    real = screen.matches
    monkeypatch.setattr(screen, "matches", lambda texts: real(texts, pattern="placeholder-word"))
    answers = [(ROW, answer(text)) for text in ("Fine.", "A Placeholder-Word here.", "", "Fine too.")]
    found = GENERATORS["rollout"].read_all(answers)
    assert [one.reason if isinstance(one, Unparsed) else reply(one[0]) for one in found] == [
        *("Fine.", "screened", "empty", "Fine too.")
    ]


def test_answers_of_many_items_stay_in_their_order():
    items = [Item(str(n), "en", parent=parent(f"{EN} {n}")) for n in range(5)]
    found = GENERATORS["rollout"].read_all([(item, answer(f"Answer {item.id}.")) for item in items])
    assert [(reply(row), row.parent_ids) for (row,) in found] == [
        (f"Answer {item.id}.", (item.parent.sample_id,)) for item in items
    ]
    assert GENERATORS["rollout"].read_all([]) == []


def wild_values():
    text = st.text(st.characters(codec=None), max_size=30)
    field = st.sampled_from(["request", "reply", "label", "answer", "turns", "good", "question", "confidence"])
    leaf = st.none() | st.booleans() | st.integers() | st.floats() | text
    return st.dictionaries(field | text, leaf | st.lists(leaf, max_size=4), max_size=4)


def wild_texts():
    dumped = wild_values().map(json.dumps) | wild_values().map(lambda value: "x {" + json.dumps(value)[:-1])
    return st.text(st.characters(codec=None), max_size=60) | dumped


@settings(max_examples=5)
@given(st.lists(st.tuples(wild_texts(), st.sampled_from(["stop", "length", None])), min_size=1, max_size=60))
@pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)
def test_wild_text_gives_rows_that_can_be_stored_or_a_word(generator, texts):
    item = Item("x", "en", CELL.cell, parent(reply="A light breeze.", label="Safe without risk", gold="x"))
    item = Item("x", "en", CELL.cell, item.parent, "Unsafe", item.parent)
    found = generator.read_all([(item, Choice(text=text, finish_reason=finish)) for text, finish in texts])
    assert len(found) == len(texts)
    for one in found:
        if isinstance(one, Unparsed):
            assert one.reason.replace("_", "").isalpha()
        else:
            assert one and all(isinstance(row, Made) and sample_id(row.messages) for row in one)
            assert canonical([row.detail for row in one])


@given(st.sampled_from(sorted(GENERATORS)), st.data())
@settings(max_examples=20)
def test_what_keeps_to_the_schema_is_never_called_unreadable(name, data):
    """Texts of plain letters, in the shape of the answer: whatever else is wrong with them, they were read."""
    generator = GENERATORS[name]
    if not generator.structured:
        return
    fields = schema(generator.output)["properties"]
    line = st.text("abcdefgh ", min_size=1, max_size=40)
    value = {}
    for field, kind in fields.items():
        options = {"integer": st.integers(0, 100), "array": st.lists(line, min_size=3, max_size=5)}
        value[field] = data.draw(st.sampled_from(kind["enum"]) if "enum" in kind else options.get(kind["type"], line))
    item = Item("x", "en", CELL.cell, parent(reply=None if generator.output_with_reply else "Yes."), "Unsafe", parent())
    (found,) = generator.read_all([(item, answer(value))])
    assert not isinstance(found, Unparsed) or found.reason not in {"no_json", "schema", "cut_off", "too_long"}
