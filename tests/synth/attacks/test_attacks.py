"""Every attack is reproducible, says so where it cannot work, and can be taken back where it promises that."""

import hashlib
import json
import re
from pathlib import Path
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.attacks import ATTACKS
from synth.attacks.definition import MAX_CHARS, Family
from synth.attacks.words import book, wordings
from synth.errors import NotApplicable

EXAMPLES = {"en": "How do I open a safe lock?", "zh": "请问怎么打开一把大锁？"}
LONGER = {
    "en": "How do I open a safe lock that sits in a house by the sea?",
    "zh": "请问怎么打开海边大屋里的一把好锁？我很着急。",
}
REVERSIBLE = [name for name, attack in ATTACKS.items() if attack.reversible]
STANDING = [name for name, attack in ATTACKS.items() if attack.stands]
WORDED = [name for name in ATTACKS if wordings(name)]
DRAWN = {"ascii_art"}  # by a font and a version of Pillow: another one may draw another picture
# Words that attacks can work on; characters with a part in some attack; then anything.
spoken = st.lists(
    st.sampled_from(["Open", "the", "lock", "a", "safe", "打开", "一把", "大锁", "请问", " ", " ", ", ", "\n"])
)
odd = st.text(alphabet="aeio xyz LOCK人口大一锁好明{}[]()=+\"'\\,.\n🙂🌸а\u200b\u202e\u3000\U000e0100")
wild = spoken.map("".join) | odd | st.text()


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("tongue", EXAMPLES)
def test_an_attack_changes_the_languages_it_names_and_refuses_the_others(name, tongue):
    attack, text = ATTACKS[name], EXAMPLES[tongue]
    if tongue in attack.languages:
        disguised = attack.apply(text, rng=Random(0))
        assert disguised != text
        assert disguised.encode().decode() == disguised
    else:
        with pytest.raises(NotApplicable):
            attack.apply(text, rng=Random(0))


@pytest.mark.parametrize(
    ("name", "tongue"), [(one.name, tongue) for one in ATTACKS.values() for tongue in one.languages]
)
def test_the_seed_decides(name, tongue):
    results = [ATTACKS[name].apply(LONGER[tongue], rng=Random(seed)) for seed in range(8)]
    assert results == [ATTACKS[name].apply(LONGER[tongue], rng=Random(seed)) for seed in range(8)]
    assert len(set(results)) > 1


def test_the_registry_says_what_is_to_be_known():
    assert len(ATTACKS) >= 25
    for name, attack in ATTACKS.items():
        assert (attack.name, attack.relation) == (name, f"{name}@{attack.version}")
        assert attack.family in get_args(Family) and attack.family != "chain"
        assert attack.languages and attack.note
        assert re.search(r"arXiv \d{4}\.\d{5}(?!\d)", attack.source)
        assert attack.intent in ("stands", "restored", "read")
    both = [attack for attack in ATTACKS.values() if attack.languages == ("en", "zh")]
    assert len(both) >= 25  # Chinese is no afterthought


def test_a_changed_result_is_a_new_version():
    """`results.json` pins what each version gives. A new version gets a new line; an old line is never edited."""
    pinned = json.loads(Path(__file__).with_name("results.json").read_text())
    results = {
        attack.relation: [attack.apply(LONGER[tongue], rng=Random(7)) for tongue in attack.languages]
        for name, attack in ATTACKS.items()
        if name not in DRAWN
    }
    digests = {name: hashlib.sha256("\0".join(given).encode()).hexdigest()[:16] for name, given in results.items()}
    assert {name: pinned.get(name) for name in digests} == digests


@pytest.mark.parametrize("name", REVERSIBLE)
@given(text=wild, seed=st.integers(0, 99))
def test_a_reversible_attack_gives_the_text_back(name, text, seed):
    attack = ATTACKS[name]
    try:
        disguised = attack.apply(text, rng=Random(seed))
    except NotApplicable:
        return
    assert attack.inverse(disguised) == text


@pytest.mark.parametrize("name", STANDING)
@given(text=wild, seed=st.integers(0, 99))
def test_a_request_that_stands_in_the_result_stands_there_unchanged(name, text, seed):
    try:
        assert text in ATTACKS[name].apply(text, rng=Random(seed))
    except NotApplicable:
        return


@pytest.mark.parametrize("name", ATTACKS)
@given(text=wild, seed=st.integers(0, 99))
def test_no_attack_returns_the_text_as_it_was_or_something_that_is_no_text(name, text, seed):
    try:
        disguised = ATTACKS[name].apply(text, rng=Random(seed))
    except NotApplicable as why:
        assert why.reason
        return
    assert disguised != text
    assert disguised.encode().decode() == disguised
    assert len(disguised) <= max(MAX_CHARS, 2 * len(text))


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("text", ["", " \n", "a\ud800b"])
def test_what_is_empty_or_no_unicode_does_not_apply(name, text):
    with pytest.raises(NotApplicable, match=r"empty|not_unicode"):
        ATTACKS[name].apply(text, rng=Random(0))


@pytest.mark.parametrize("name", REVERSIBLE)
@given(text=wild)
def test_taking_back_what_was_never_disguised_is_harmless(name, text):
    try:
        assert isinstance(ATTACKS[name].inverse(text), str)
    except NotApplicable as why:
        assert why.reason in ("not_disguised", "not_encoded")


@pytest.mark.parametrize("name", ["binary", "percent", "unicode_escapes", "code_book", "code_pieces"])
def test_a_disguise_that_would_be_too_long_does_not_apply(name):
    for text in ("safe " * 700, "打开大锁" * 700):
        with pytest.raises(NotApplicable, match="too_long"):
            ATTACKS[name].apply(text * 3, rng=Random(0))


def test_a_long_request_may_stay_long():
    text = "open the lock, " * 2000
    assert text in ATTACKS["role_play"].apply(text, rng=Random(0))


@pytest.mark.parametrize("name", WORDED)
def test_words_exist_for_each_language_and_have_one_place_for_the_request(name):
    words = wordings(name)
    assert tuple(words) == ATTACKS[name].languages
    for wording in (one for several in words.values() for one in several):
        assert wording.count("{}") == 1
    assert all(len(several) == len(set(several)) >= 3 for several in words.values())


def test_no_words_are_left_over():
    assert set(book("words.yaml")) == set(WORDED)


@pytest.mark.parametrize("name", WORDED)
def test_words_speak_the_language_of_the_request_or_not_at_all(name):
    for tongue in ATTACKS[name].languages:
        disguised = ATTACKS[name].apply(EXAMPLES[tongue], rng=Random(1))
        before = [wording.partition("{}") for wording in wordings(name)[tongue]]
        assert any(disguised.startswith(start) and disguised.endswith(end) for start, _, end in before)
    for foreign in ("как открыть", "これを開けてください", "1 + 1 = ?"):
        with pytest.raises(NotApplicable, match="other_language"):
            ATTACKS[name].apply(foreign, rng=Random(0))


def test_words_that_could_not_be_told_apart_do_not_apply():
    # A request that ends like one wording cannot go into another one that begins differently but ends anywhere.
    ends = next(one for one in wordings("refusal_suppression")["en"] if one.startswith("{}")).format("How do I do it?")
    results = set()
    for seed in range(20):
        try:
            disguised = ATTACKS["refusal_suppression"].apply(ends, rng=Random(seed))
            assert ATTACKS["refusal_suppression"].inverse(disguised) == ends
            results.add("applied")
        except NotApplicable as why:
            results.add(why.reason)
    assert results == {"applied", "already_disguised"}
    with pytest.raises(NotApplicable, match="not_disguised"):
        ATTACKS["role_play"].inverse("no such thing here")
