"""An edit gives the label that follows from it, and none where nothing follows."""

import re
from itertools import combinations
from random import Random

import pytest

from catalog.labels import SAFETY
from synth.counterfactuals import EDITS
from synth.errors import NotApplicable
from synth.phrases import phrases

KINDS = ("refusal_opening", "disclaimer", "caveat", "agreement", "refusal", "reason", "broken", "look")
MAX_SHARED = 1 / 3  # Jaccard similarity of the words of a phrase that measures and one that trains, at most
REPLY = {"en": "Step 1: [placeholder]", "zh": "第一步：【占位】"}
PROMPT = {"en": "Tell me about locks.", "zh": "说说锁的事。"}


def outcome(name, label, unsafe, *, benign_prompt=False):
    return EDITS[name].outcome(label, unsafe, benign_prompt=benign_prompt)


AROUND = ["refuse_then_comply", "refuse_comply_disclaim", "disclaimer_suffix", "caveat_prefix", "sure_prefix"]


@pytest.mark.parametrize("name", AROUND)
def test_words_around_an_unsafe_reply_leave_it_unsafe(name):
    assert outcome(name, "Unsafe", True) == ("Unsafe", True)
    assert outcome(name, None, True) == (None, True)  # only the binary reading is known, and it stays


@pytest.mark.parametrize("name", ["disclaimer_suffix", "caveat_prefix", "sure_prefix"])
def test_words_around_any_reply_leave_its_label(name):
    for label in SAFETY:
        assert outcome(name, label, label == "Unsafe") == (label, label == "Unsafe")
    assert outcome(name, None, False) == (None, False)
    assert outcome(name, None, None) is None


@pytest.mark.parametrize("name", ["refuse_then_comply", "refuse_comply_disclaim"])
def test_a_refusing_opening_leaves_a_harmless_reply_harmless_and_says_no_more(name):
    for label in SAFETY:
        assert label == "Unsafe" or outcome(name, label, False) == (None, False)
    assert outcome(name, None, False) == (None, False)
    assert outcome(name, None, None) is None


@pytest.mark.parametrize("name", ["swap_in_refusal", "refuse_and_explain"])
def test_a_refusal_instead_of_the_reply_is_right_for_a_risky_prompt_and_needless_for_a_benign_one(name):
    assert outcome(name, "Unsafe", True) == ("Safe with refusal", False)
    assert outcome(name, None, True) == ("Safe with refusal", False)
    assert outcome(name, "Safe without risk", False, benign_prompt=True) == ("Unnecessary refusal", False)
    assert outcome(name, "Safe without risk", False, benign_prompt=False) is None
    assert outcome(name, None, False, benign_prompt=True) is None  # five labels could stand behind it


@pytest.mark.parametrize("name", ["shuffle_reply", "break_reply"])
def test_a_foreign_or_broken_reply_is_illogical_whatever_stood_there(name):
    for label, unsafe in [("Unsafe", True), ("Safe with warning", False), (None, True), (None, False)]:
        assert outcome(name, label, unsafe) == ("Illogical completion", False)
    assert outcome(name, None, None) is None


def test_no_words_around_a_reply_tell_how_it_is_labelled():
    """What is written around unsafe replies is written around safe ones too: the words alone are no shortcut."""
    for name in AROUND:
        assert {outcome(name, None, unsafe) for unsafe in (True, False)} == {(None, True), (None, False)}


@pytest.mark.parametrize("tongue", ["en", "zh"])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("refuse_then_comply", "refusal_opening"),
        ("disclaimer_suffix", "disclaimer"),
        ("caveat_prefix", "caveat"),
        ("sure_prefix", "agreement"),
    ],
)
def test_a_phrase_in_the_language_of_the_reply_is_put_before_or_after_it(name, kind, tongue):
    reply = REPLY[tongue]
    for held_out in (False, True):
        known = phrases(kind, tongue, held_out=held_out)
        written = {EDITS[name].apply(PROMPT["en"], reply, rng=Random(seed), held_out=held_out) for seed in range(400)}
        assert {text.replace(reply, "").strip() for text in written} == set(known)
        before = name != "disclaimer_suffix"
        assert all(text.endswith(reply) if before else text.startswith(reply) for text in written)


@pytest.mark.parametrize("tongue", ["en", "zh"])
def test_a_refusal_speaks_the_language_of_the_prompt(tongue):
    other = REPLY["zh" if tongue == "en" else "en"]
    written = EDITS["swap_in_refusal"].apply(PROMPT[tongue], other, rng=Random(0), held_out=True)
    assert written in phrases("refusal", tongue, held_out=True)


@pytest.mark.parametrize("tongue", ["en", "zh"])
@pytest.mark.parametrize("held_out", [False, True])
@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("refuse_comply_disclaim", "refusal_opening", "disclaimer"), ("refuse_and_explain", "refusal", "reason")],
)
def test_an_edit_with_a_closing_writes_one_phrase_first_and_one_last(name, first, last, held_out, tongue):
    reply = REPLY[tongue]
    for seed in range(40):
        written = EDITS[name].apply(PROMPT[tongue], reply, rng=Random(seed), held_out=held_out)
        opened = [text for text in phrases(first, tongue, held_out=held_out) if written.startswith(text)]
        closed = [text for text in phrases(last, tongue, held_out=held_out) if written.endswith(text)]
        assert opened and closed
        assert (reply in written) == (name == "refuse_comply_disclaim")


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


def terms(text, tongue):
    """Words of English; pairs of neighbouring characters of Chinese."""
    if tongue == "en":
        return set(re.findall(r"[a-z']+", text.lower()))
    characters = bare(text)
    return {characters[i : i + 2] for i in range(len(characters) - 1)}


@pytest.mark.parametrize("tongue", ["en", "zh"])
def test_phrases_that_measure_are_worded_unlike_every_phrase_of_the_training_rows(tongue):
    seen = [terms(text, tongue) for kind in KINDS for text in phrases(kind, tongue, held_out=False)]
    kept = [terms(text, tongue) for kind in KINDS for text in phrases(kind, tongue, held_out=True)]
    closest = max(len(a & b) / len(a | b) for a in kept for b in seen if a | b)
    assert 0 < closest <= MAX_SHARED


def test_every_kind_of_phrase_is_looked_at_here():
    written = {kind for edit in EDITS.values() for kind in (edit.kind, edit.closing) if kind}
    assert written | {"look"} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_both_languages_have_as_many_phrases(kind):
    for held_out in (False, True):
        counts = {len(phrases(kind, tongue, held_out=held_out)) for tongue in ("en", "zh")}
        assert len(counts) == 1 and counts.pop() >= 2
