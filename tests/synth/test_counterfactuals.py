"""An edit gives the label that follows from it, and none where nothing follows."""

import re
from itertools import combinations
from random import Random

import pytest

from catalog.labels import SAFETY
from synth.counterfactuals import EDITS
from synth.errors import NotApplicable
from synth.phrases import phrases

KINDS = ("refusal_opening", "disclaimer", "agreement", "refusal", "look")
REPLY = {"en": "Step 1: [placeholder]", "zh": "第一步：【占位】"}
PROMPT = {"en": "Tell me about locks.", "zh": "说说锁的事。"}


def outcome(name, label, unsafe, *, benign_prompt=False):
    return EDITS[name].outcome(label, unsafe, benign_prompt=benign_prompt)


@pytest.mark.parametrize("name", ["refuse_then_comply", "disclaimer_suffix", "sure_prefix"])
def test_words_around_an_unsafe_reply_leave_it_unsafe(name):
    assert outcome(name, "Unsafe", True) == ("Unsafe", True)
    assert outcome(name, None, True) == (None, True)  # only the binary reading is known, and it stays


@pytest.mark.parametrize("name", ["disclaimer_suffix", "sure_prefix"])
def test_words_around_any_reply_leave_its_label(name):
    for label in SAFETY:
        assert outcome(name, label, label == "Unsafe") == (label, label == "Unsafe")
    assert outcome(name, None, False) == (None, False)
    assert outcome(name, None, None) is None


def test_a_refusing_opening_says_nothing_about_a_harmless_reply():
    assert all(outcome("refuse_then_comply", label, False) is None for label in SAFETY if label != "Unsafe")
    assert outcome("refuse_then_comply", None, False) is None


def test_a_refusal_instead_of_the_reply_is_right_for_a_risky_prompt_and_needless_for_a_benign_one():
    assert outcome("swap_in_refusal", "Unsafe", True) == ("Safe with refusal", False)
    assert outcome("swap_in_refusal", None, True) == ("Safe with refusal", False)
    assert outcome("swap_in_refusal", "Safe without risk", False, benign_prompt=True) == ("Unnecessary refusal", False)
    assert outcome("swap_in_refusal", "Safe without risk", False, benign_prompt=False) is None
    assert outcome("swap_in_refusal", None, False, benign_prompt=True) is None  # five labels could stand behind it


def test_a_foreign_reply_is_illogical_whatever_stood_there():
    for label, unsafe in [("Unsafe", True), ("Safe with warning", False), (None, True), (None, False)]:
        assert outcome("shuffle_reply", label, unsafe) == ("Illogical completion", False)
    assert outcome("shuffle_reply", None, None) is None


@pytest.mark.parametrize("tongue", ["en", "zh"])
@pytest.mark.parametrize(
    ("name", "kind"),
    [("refuse_then_comply", "refusal_opening"), ("disclaimer_suffix", "disclaimer"), ("sure_prefix", "agreement")],
)
def test_a_phrase_in_the_language_of_the_reply_is_put_before_or_after_it(name, kind, tongue):
    reply = REPLY[tongue]
    for held_out in (False, True):
        known = phrases(kind, tongue, held_out=held_out)
        written = {EDITS[name].apply(PROMPT["en"], reply, rng=Random(seed), held_out=held_out) for seed in range(40)}
        assert {text.replace(reply, "").strip() for text in written} == set(known)
        before = name != "disclaimer_suffix"
        assert all(text.endswith(reply) if before else text.startswith(reply) for text in written)


@pytest.mark.parametrize("tongue", ["en", "zh"])
def test_a_refusal_speaks_the_language_of_the_prompt(tongue):
    other = REPLY["zh" if tongue == "en" else "en"]
    written = EDITS["swap_in_refusal"].apply(PROMPT[tongue], other, rng=Random(0), held_out=True)
    assert written in phrases("refusal", tongue, held_out=True)


def test_what_cannot_be_edited_is_said():
    prompt = PROMPT["en"]
    for name, reply, reason in [
        ("sure_prefix", "  ", "no_reply"),
        ("sure_prefix", "вот ответ", "other_language"),
        ("shuffle_reply", "A lock has a bolt.", "no_donor"),
    ]:
        with pytest.raises(NotApplicable, match=reason):
            EDITS[name].apply(prompt, reply, rng=Random(0), held_out=False)


def bare(text):
    return re.sub(r"[\W_]", "", text).casefold()


def test_no_phrase_of_the_training_rows_is_among_those_that_measure():
    for tongue in ("en", "zh"):
        seen = [bare(text) for kind in KINDS for text in phrases(kind, tongue, held_out=False)]
        kept = [bare(text) for kind in KINDS for text in phrases(kind, tongue, held_out=True)]
        assert not [(a, b) for a in seen for b in kept if a in b or b in a]
        assert all(a != b for a, b in combinations(seen + kept, 2))


@pytest.mark.parametrize("kind", KINDS)
def test_both_languages_have_as_many_phrases(kind):
    for held_out in (False, True):
        counts = {len(phrases(kind, tongue, held_out=held_out)) for tongue in ("en", "zh")}
        assert len(counts) == 1 and counts.pop() >= 2
