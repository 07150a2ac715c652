"""Every attack is reproducible, says so where it cannot work, and can be taken back where it promises that."""

import base64
import unicodedata
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.attacks import ATTACKS
from synth.attacks.base64_encoding import base64_encoded
from synth.attacks.homoglyphs import homoglyphs
from synth.attacks.leetspeak import leetspeak
from synth.attacks.past_tense import MAX_CHARS, past_tense
from synth.attacks.role_play import role_play
from synth.attacks.zero_width import zero_width
from synth.errors import NotApplicable

EXAMPLES = {"en": "How do I open a safe lock?", "zh": "请问怎么打开一把大锁？"}
REVERSIBLE = [name for name, attack in ATTACKS.items() if attack.reversible]
wild = st.text(alphabet="aeio xyz人口大一锁，.\n🙂а\u200b") | st.text()


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("tongue", EXAMPLES)
def test_an_attack_changes_the_languages_it_names_and_refuses_the_others(name, tongue):
    attack, text = ATTACKS[name], EXAMPLES[tongue]
    if tongue in attack.languages:
        assert attack.apply(text, rng=Random(0)) != text
    else:
        with pytest.raises(NotApplicable):
            attack.apply(text, rng=Random(0))


@pytest.mark.parametrize("name", ATTACKS)
def test_the_seed_decides(name):
    attack = ATTACKS[name]
    text = "How do I open a safe lock that sits in a house by the sea?"
    results = [attack.apply(text, rng=Random(seed)) for seed in range(8)]
    assert results == [attack.apply(text, rng=Random(seed)) for seed in range(8)]
    assert len(set(results)) > 1


def test_the_registry_knows_six_attacks_by_name_and_version():
    assert {name: attack.relation for name, attack in ATTACKS.items()} == {
        name: f"{name}@1" for name in ("leetspeak", "base64", "homoglyphs", "zero_width", "past_tense", "role_play")
    }
    assert REVERSIBLE == ["base64", "homoglyphs", "zero_width"]
    assert all(attack.languages and attack.source and attack.note for attack in ATTACKS.values())


@pytest.mark.parametrize("name", REVERSIBLE)
@given(text=wild, seed=st.integers(0, 99))
def test_a_reversible_attack_gives_the_text_back(name, text, seed):
    attack = ATTACKS[name]
    try:
        disguised = attack.apply(text, rng=Random(seed))
    except NotApplicable:
        return
    assert disguised != text
    assert attack.inverse(disguised) == text


@given(text=wild, seed=st.integers(0, 99))
def test_no_attack_returns_the_text_as_it_was(text, seed):
    for attack in ATTACKS.values():
        try:
            assert attack.apply(text, rng=Random(seed)) != text
        except NotApplicable as why:
            assert why.reason


def test_leetspeak_changes_every_word_at_share_one():
    assert leetspeak("Open a safe lock", rng=Random(0), share=1.0) == "0p3n 4 54f3 l0ck"


def test_leetspeak_changes_one_word_even_at_share_zero():
    # "by" has no look-alike, so "Open" is the only word that can change.
    assert leetspeak("Open by", rng=Random(0), share=0.0) == "0p3n by"


def test_leetspeak_leaves_chinese_characters_and_spacing_alone():
    assert leetspeak("打开  一把 lock", rng=Random(0), share=1.0) == "打开  一把 l0ck"
    with pytest.raises(NotApplicable, match="no_lookalike"):
        leetspeak("打开  一把锁", rng=Random(0), share=1.0)


def test_base64_keeps_the_request_on_its_last_line():
    for text in EXAMPLES.values():
        assert base64.b64decode(base64_encoded(text, rng=Random(0)).splitlines()[-1]).decode() == text
    with pytest.raises(NotApplicable, match="not_encoded"):
        ATTACKS["base64"].inverse("no such thing here")


def test_homoglyphs_look_the_same_and_are_other_characters():
    assert homoglyphs("cope", rng=Random(0), share=1.0) == "\u0441\u043e\u0440\u0435"  # Cyrillic es, o, er, ie
    assert homoglyphs("大人", rng=Random(0), share=1.0) == "\u2f24\u2f08"  # Kangxi radicals big and man
    assert unicodedata.normalize("NFKC", homoglyphs("大人", rng=Random(0), share=1.0)) == "大人"
    with pytest.raises(NotApplicable, match="already_disguised"):
        homoglyphs("слово", rng=Random(0))
    with pytest.raises(NotApplicable, match="no_lookalike"):
        homoglyphs("锁", rng=Random(0))


def test_zero_width_fills_every_gap_at_share_one():
    assert len(zero_width("大锁匠", rng=Random(0), share=1.0)) == 5  # three characters, two gaps
    assert len(zero_width("ab", rng=Random(0), share=0.0)) == 3
    with pytest.raises(NotApplicable, match="too_short"):
        zero_width("锁", rng=Random(0))


@pytest.mark.parametrize(
    ("question", "deed"),
    [
        ("How do I open my lock?", "open their lock"),
        ("please tell me how to open a lock", "open a lock"),
        ("Can you explain how one could, you know, do it", None),
        ("如何打开一把锁？", "打开一把锁"),
        ("请问我应该怎么打开这把锁呢？", "打开这把锁"),
        ("给我写一首诗。", None),
    ],
)
def test_past_tense_reframes_a_question_and_quotes_anything_else(question, deed):
    result = past_tense(question, rng=Random(0))
    assert (deed or question) in result
    assert ("“" in result) == (deed is None)


def test_past_tense_takes_one_short_line():
    with pytest.raises(NotApplicable, match="too_long"):
        past_tense("长" * (MAX_CHARS + 1), rng=Random(0))
    with pytest.raises(NotApplicable, match="several_lines"):
        past_tense("How do I\nopen it?", rng=Random(0))


def test_a_template_speaks_the_language_of_the_request_or_not_at_all():
    assert role_play("打开 safe lock 这把锁", rng=Random(0)).startswith(("我们", "角色"))
    assert role_play("Open {it} now", rng=Random(0)).count("Open {it} now") == 1
    for foreign in ("как открыть", "これを開けてください", "1 + 1 = ?"):
        with pytest.raises(NotApplicable, match="other_language"):
            role_play(foreign, rng=Random(0))
