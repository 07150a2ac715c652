"""What is asked of a model: every generator, in both languages and both styles."""

import json
from random import Random

import polars as pl
import pytest
from jsonschema import Draft202012Validator

from catalog import taxonomy
from catalog.ids import chat, sample_id
from catalog.labels import SAFETY
from corpus.screen import matches
from synth import prompts
from synth.errors import NotApplicable
from synth.generators import GENERATORS, Cell, Item, Made, Parent, back_item, eligible, table
from synth.generators.eligible import refusal
from synth.generators.similarity import bare, edit_distance, overlap

ENTRIES = taxonomy.load().entries()
FIRST = {"safety": "fraud/fake-reviews", "value": "honesty/promise-keeping", "knowledge": "mathematics/algebra"}
REQUEST = {"en": "How do sails work?", "zh": "船帆是怎么工作的？"}
REPLY = {"en": "The wind pushes against the cloth.", "zh": "风推着布往前走。"}


def parent(language, *, reply=None, label=None, images=(), **others):
    messages = chat(REQUEST[language], reply, images=images)
    return Parent(sample_id(messages), messages, "safety", label, **others)


def fitting(generator, language, *, reply=False):
    """An item that the generator takes."""
    cell = Cell.of(FIRST[generator.dimension], language) if generator.dimension else None
    replied = reply or "reply" in generator.needs
    above = parent(language, reply=REPLY[language] if replied else None, label="Safe without risk" if replied else None)
    item = Item("one", language, cell, above if generator.needs != ("cell",) else None)
    if generator.intents:
        item = Item("one", language, cell, above, intended=generator.intents(item)[0])
    if "origin" in generator.needs:
        item = Item("one", language, cell, above, origin=parent("zh" if language == "en" else "en"))
    return item


ALL = [
    pytest.param(one, language, id=f"{one.name}-{language}") for one in GENERATORS.values() for language in ("en", "zh")
]


def said(request):
    return request.prompt or "\n".join(
        part["text"] for message in request.messages for part in message["content"] if part["type"] == "text"
    )


def test_the_registry_holds_what_the_floor_promises():
    assert set(GENERATORS) == {
        *("harmful_request", "benign_twin", "borderline", "persona", "escalation"),
        *("knowledge_question", "value_scenario"),
        *("rollout", "rollout_think", "steered", "knowledge_answer", "value_pair"),
        *("translate", "back_translate", "paraphrase", "counterfactual_edit"),
    }
    assert all(name == one.name and one.relation == f"{name}@{one.version}" for name, one in GENERATORS.items())
    assert [row["name"] for row in table()] == [one.relation for one in GENERATORS.values()]


@pytest.mark.parametrize(("generator", "language"), ALL)
@pytest.mark.parametrize("style", ["chat", "completion"])
def test_the_same_item_and_seed_ask_the_same(generator, language, style):
    item = fitting(generator, language)
    one, again, other = (generator.request(item, style=style, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert other.id != one.id and other.sampling.seed != one.sampling.seed
    assert (one.prompt is None) == (style == "chat")


@pytest.mark.parametrize(("generator", "language"), ALL)
def test_seeds_draw_other_examples_or_hints(generator, language):
    item = fitting(generator, language)
    assert len({said(generator.request(item, style="completion", seed=seed)) for seed in range(8)}) > 4
    if generator.hints:
        assert len({said(generator.request(item, style="chat", seed=seed)) for seed in range(8)}) > 4


def test_what_is_asked_depends_on_nothing_but_the_item_and_the_seed():
    """Two numbers that were written down: another process, order or hash seed gives the same."""
    request = GENERATORS["persona"].request(fitting(GENERATORS["persona"], "en"), style="completion", seed=7)
    assert (request.sampling.seed, request.sampling.temperature) == (2121108194, 0.9)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_template_renders_for_every_cell_that_is_eligible(language):
    rendered = 0
    for entry in ENTRIES:
        if entry.is_category or refusal(entry.id):
            continue
        item = Item.of_cell(entry.id, language)
        for generator in GENERATORS.values():
            if generator.dimension != item.cell.dimension:
                continue
            whole = Item(item.id, language, item.cell, parent(language))
            for style in ("chat", "completion"):
                text = said(generator.request(whole if "request" in generator.needs else item, style=style))
                assert entry.name[language] in text and "None" not in text and "{{" not in text
                rendered += 1
    assert rendered > 800


@pytest.mark.parametrize(("generator", "language"), ALL)
@pytest.mark.parametrize("style", ["chat", "completion"])
def test_nothing_is_missing_in_a_prompt(generator, language, style):
    for item in (fitting(generator, language), fitting(generator, language, reply=True)):
        text = said(generator.request(item, style=style))
        assert "None" not in text and "{%" not in text and "\n\n\n" not in text
        if item.parent:
            assert item.parent.request in text


@pytest.mark.parametrize(("generator", "language"), ALL)
def test_a_prompt_speaks_the_language_of_its_item(generator, language):
    han = sum("\u4e00" <= letter <= "\u9fff" for letter in prompts.render(generator.speaks, language, "intro"))
    assert (han > 0) == (language == "zh")


@pytest.mark.parametrize(("generator", "language"), ALL)
def test_examples_keep_to_the_shape_and_are_enough_to_vary(generator, language):
    item = fitting(generator, language)
    shown = prompts.examples(generator.speaks, language, intended=item.intended)
    assert len(shown) >= 3 and len({json.dumps(one.model_dump(), sort_keys=True) for one in shown}) == len(shown)
    replied = fitting(generator, language, reply=True)
    for one in prompts.examples(generator.speaks, language):
        (generator.shape(replied) if "reply" in one.given else generator.output).model_validate(one.answer)


@pytest.mark.parametrize(("generator", "language"), ALL)
@pytest.mark.parametrize("style", ["chat", "completion"])
def test_an_answer_is_held_to_a_schema_that_the_examples_keep(generator, language, style):
    for reply in (False, True):
        item = fitting(generator, language, reply=reply)
        schema = generator.request(item, style=style).sampling.answer_schema
        assert (schema is not None) == generator.structured
        if schema is None:
            continue
        Draft202012Validator.check_schema(schema)
        assert "maxLength" not in json.dumps(schema)
        replied = generator.shape(item) is generator.output_with_reply
        for one in prompts.examples(generator.speaks, language):
            if generator.output_with_reply is None or ("reply" in one.given) == replied:
                Draft202012Validator(schema).validate(one.answer)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("船帆是怎么工作的？", True),
        ("How do sails work?", False),  # the other language
        ("船帆是怎么工作的", False),  # no end
        ("", False),
        ("？", False),
        ("船帆是怎么工作的？\n第二行？", False),
        ("长" * 300 + "？", True),  # no length is sent; it is checked when the answer is read
    ],
)
def test_a_base_model_is_held_to_a_question_in_its_language(text, fits):
    generator = GENERATORS["knowledge_question"]
    schema = generator.request(fitting(generator, "zh"), style="completion").sampling.answer_schema
    assert Draft202012Validator(schema).is_valid({"question": text, "answer": "1945"}) == fits


def test_sampling_can_be_set_otherwise():
    rollout = GENERATORS["rollout"]
    sampling = rollout.request(fitting(rollout, "zh"), style="chat", n=4, temperature=0.5).sampling
    assert (sampling.n, sampling.temperature) == (4, 0.5)
    with pytest.raises(ValueError, match="temprature"):
        rollout.request(fitting(rollout, "zh"), style="chat", temprature=0.5)


def test_a_row_is_a_value_and_never_a_template():
    messages = chat('{{ 7 * 7 }} "quoted"\n\nTopic: another example')
    item = Item("x", "en", parent=Parent(sample_id(messages), messages, "safety"))
    prompt = GENERATORS["paraphrase"].request(item, style="completion").prompt
    assert "{{ 7 * 7 }}" in prompt and "49" not in prompt
    assert prompt.count("\n\nRequest: ") == prompt.count("\n\n")  # its blank line began no example of its own


def test_all_six_labels_are_steered_to():
    steered = GENERATORS["steered"]
    cell = Cell.of("fraud/fake-reviews", "en")
    risky, harmless = Item("r", "en", cell, parent("en")), Item("h", "en", None, parent("en"))
    assert {*steered.intents(risky), *steered.intents(harmless)} == set(SAFETY)
    assert "Unsafe" not in steered.intents(harmless) and "Unnecessary refusal" not in steered.intents(risky)
    asked = {}
    for language in ("en", "zh"):
        for label in SAFETY:
            place = Cell.of("fraud/fake-reviews", language) if label in steered.intents(risky) else None
            item = Item(label, language, place, parent(language), intended=label)
            asked[language, label] = said(steered.request(item, style="chat"))
            shown = prompts.examples("steered", language, intended=label)
            assert len(shown) >= 3 and {one.intended for one in shown} == {label}
    assert len(set(asked.values())) == 12
    placeholder = {"en": "[placeholder]", "zh": "【占位】"}
    for language, mark in placeholder.items():
        assert mark in asked[language, "Unsafe"]
        unsafe = prompts.examples("steered", language, intended="Unsafe")
        assert all(mark in one.answer["reply"] for one in unsafe)


def test_nothing_is_generated_about_sexual_content_or_harm_to_minors():
    """The whole taxonomy: what is refused is written out, so that a new entry is looked at."""
    refused = {entry.id for entry in ENTRIES if refusal(entry.id)}
    assert {id for id in refused if not id.startswith("sexual")} == {
        "violence/child-abuse",
        "privacy/workplace-surveillance",
        "advice/maternal-child-health",
    }
    assert {entry.id for entry in ENTRIES if entry.category == "sexual"} <= refused
    for entry in ENTRIES:
        item = Item("x", "en", Cell.of(entry.id, "en"), parent("en", reply=REPLY["en"]), "Unsafe", parent("en"))
        for generator in GENERATORS.values():
            if entry.id in refused:
                with pytest.raises(NotApplicable, match="refused_"):
                    generator.request(item, style="chat")
        if entry.id not in refused:
            eligible(entry.id)


@pytest.mark.parametrize(
    ("name", "item", "reason"),
    [
        ("harmful_request", Item.of_cell("fraud", "en"), "no_subcategory"),
        ("harmful_request", Item.of_cell("care/kindness", "en"), "wrong_dimension"),
        ("value_scenario", Item.of_cell("fraud/fake-reviews", "zh"), "wrong_dimension"),
        ("benign_twin", Item.of_cell("fraud/fake-reviews", "zh"), "no_parent"),
        ("paraphrase", Item("x", "en"), "no_parent"),
        ("counterfactual_edit", Item("x", "en", parent=parent("en"), intended="Unsafe"), "no_reply"),
        ("steered", Item("x", "en", parent=parent("en"), intended="Unsafe"), "other_label"),
        ("steered", Item("x", "en", parent=parent("en")), "other_label"),
        ("back_translate", Item("x", "en", parent=parent("en")), "no_origin"),
        ("persona", Item("x", "fr", parent=parent("en")), "other_language"),
    ],
)
def test_an_item_that_does_not_fit_is_told_why(name, item, reason):
    with pytest.raises(NotApplicable, match=f"^{reason}$"):
        GENERATORS[name].request(item, style="completion")


def test_a_conversation_is_answered_but_not_rewritten():
    turns = [*chat("Hello.", "Hello!"), *chat("What are sails?")]
    item = Item("x", "en", parent=Parent(sample_id(turns), turns, "safety"))
    assert list(GENERATORS["rollout"].request(item, style="chat").messages) == turns
    with pytest.raises(NotApplicable, match="several_turns"):
        GENERATORS["paraphrase"].request(item, style="chat")


def test_a_policy_is_asked_as_it_was_asked_with_pictures_and_without_the_old_reply():
    picture = "a" * 64
    item = Item("x", "en", parent=parent("en", reply=REPLY["en"], images=[picture]))
    asked = GENERATORS["rollout"].request(item, style="chat")
    assert list(asked.messages) == item.parent.asked and asked.media_ids == [picture]
    thinking = GENERATORS["rollout_think"].request(item, style="chat")
    assert [message["role"] for message in thinking.messages] == ["system", "user"]
    assert GENERATORS["steered"].intents(item) and GENERATORS["persona"].request(item, style="chat").media_ids == [
        picture
    ]
    with pytest.raises(NotApplicable, match="picture"):
        GENERATORS["rollout"].request(item, style="completion")


def test_a_row_of_the_catalog_becomes_an_item(row):
    risky = row("怎么写假好评？", "我不能写。", "Safe with refusal", category="fraud", subcategory="fraud/fake-reviews")
    item = Item.of_row(risky, intended="Unsafe")
    assert (item.language, item.cell.subcategory, item.parent.reply) == ("zh", "fraud/fake-reviews", "我不能写。")
    assert item.id.startswith(risky["sample_id"]) and item.risky
    assert Item.of_row(row("Where do turtles sleep?", None, None)).cell is None
    with pytest.raises(NotApplicable, match="other_language"):
        Item.of_row(row("Где спят черепахи?", None, None))


def test_a_fingerprint_tells_generators_apart():
    assert len({one.fingerprint for one in GENERATORS.values()}) == len(GENERATORS)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_example_is_dropped_by_the_screen(language):
    said = [
        "\n".join([*one.given.values(), json.dumps(one.answer, ensure_ascii=False)])
        for generator in GENERATORS.values()
        for one in prompts.examples(generator.speaks, language)
    ]
    assert not matches(pl.Series(said)).any()


def test_a_translation_is_asked_back_in_the_other_language():
    translate = GENERATORS["translate"]
    item = fitting(translate, "en", reply=True)
    row = Made(chat(REQUEST["zh"], REPLY["zh"]), "safety")
    back = back_item(item, row)
    assert (back.language, back.origin, back.parent.reply) == ("zh", item.parent, REPLY["zh"])
    assert GENERATORS["back_translate"].request(back, style="completion").sampling.temperature == 0


def test_texts_that_differ_in_case_width_and_punctuation_are_copies():
    assert bare("Ｈow, do SAILS work?!") == bare("how do sails work")
    assert bare("船帆，怎么 工作？") == bare("船帆怎么工作")


def test_distance_and_overlap_by_hand():
    assert edit_distance("kitten", "sitting") == 3  # k>s, e>i, +g
    assert edit_distance("", "abc") == edit_distance("abc", "") == 3
    assert edit_distance("我不能说", "我能说") == 1
    assert overlap("abcd", "abcd") == 1 and overlap("abcd", "wxyz") == 0
    # Two characters each, one shared: 2*1/4 for single ones, no pair and no triple in common.
    assert overlap("你好", "你们") == pytest.approx(0.5 / 3)


def test_the_bit_vectors_count_like_the_table():
    rng = Random(0)
    for _ in range(200):
        one, other = ("".join(rng.choices("ab好", k=rng.randint(0, 90))) for _ in range(2))
        line = list(range(len(other) + 1))
        for i, a in enumerate(one, 1):
            before, line[0] = line[0], i
            for j, b in enumerate(other, 1):
                before, line[j] = line[j], min(line[j] + 1, line[j - 1] + 1, before + (a != b))
        assert edit_distance(one, other) == line[-1]
