"""Probabilities of labels as the next token: what the server did not list is unknown, not zero."""

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.inference.request import Choice, Token
from synth.judges.contracts import LabelTokens

YES_NO = LabelTokens(words={"en": {"safe": "no", "unsafe": "yes"}, "zh": {"safe": "否", "unsafe": "是"}})
PLACE = LabelTokens(words={"en": {"first": "A", "second": "B"}})


def read(contract, **mass):
    top = {text: log(p) for text, p in mass.items()}
    best = max(top, key=top.get)
    return contract.read(Choice(text=best, tokens=(Token(text=best, logprob=top[best], top=top),)))


def test_a_softmax_over_the_labels_whatever_else_is_likely():
    found = read(YES_NO, **{" Yes": 0.06, " No": 0.02, " Maybe": 0.9})
    assert (found.outcome, found.label, found.reason) == ("scored", "unsafe", None)
    assert found.probs == pytest.approx({"unsafe": 0.75, "safe": 0.25})


def test_spellings_of_one_label_add_up_in_both_languages():
    found = read(YES_NO, **{"▁yes": 0.1, "YES": 0.1, "是": 0.1, "Ġno": 0.05, "否": 0.05, "yesterday": 0.3})
    assert found.probs == pytest.approx({"unsafe": 0.75, "safe": 0.25})


def test_single_letters_keep_their_case():
    found = read(PLACE, **{" a": 0.5, " A": 0.1, " B": 0.3})
    assert found.probs == pytest.approx({"first": 0.25, "second": 0.75})


def test_a_label_that_is_not_listed_gets_the_most_it_may_have():
    # 1 - 0.6 - 0.1 = 0.3 is left over: no is at most 0.3, so yes is at least 0.6 / 0.9
    found = read(YES_NO, **{" Yes": 0.6, " Perhaps": 0.1})
    assert (found.label, found.reason) == ("unsafe", "bounded")
    assert found.probs == pytest.approx({"unsafe": 2 / 3, "safe": 1 / 3})


def test_a_label_that_is_not_listed_and_might_win_leaves_it_open():
    found = read(YES_NO, **{" Yes": 0.3, " Perhaps": 0.1})
    assert (found.outcome, found.label, found.reason) == ("unparsed", None, "label_not_listed")
    assert read(YES_NO, **{" The": 0.9}).reason == "no_label_listed"


def test_a_tie_is_no_verdict():
    assert read(YES_NO, yes=0.25, no=0.25).outcome == "ambiguous"


def test_a_constrained_answer_is_never_read():
    token = Token(text="yes", logprob=-0.1, top={"yes": -0.1, "no": -2.4, "the": -9999.0})
    assert YES_NO.read(Choice(text="yes", tokens=(token,))).reason == "constrained"
    assert YES_NO.sampling.answer_schema is None


def test_without_log_probabilities_nothing_is_scored():
    assert YES_NO.read(Choice(text="yes")).outcome == "failed"


@given(
    st.dictionaries(
        st.text(max_size=4) | st.sampled_from(["yes", " No", "是", "▁否"]), st.floats(-30, -0.01), min_size=1
    )
)
def test_probabilities_add_up_and_the_label_is_the_most_probable(top):
    total = sum(map(exp, top.values()))
    top = {text: logprob - max(0.0, log(total)) for text, logprob in top.items()}
    text = max(top, key=top.get)
    found = YES_NO.read(Choice(text=text, tokens=(Token(text=text, logprob=top[text], top=top),)))
    if found.scored:
        assert sum(found.probs.values()) == pytest.approx(1)
        assert found.probs[found.label] == max(found.probs.values())
        assert any(word in text.lower() for text in top for word in YES_NO.words["en"].values()) or set("是否") & set(
            "".join(top)
        )
