"""A classifier's answer is read only where its label and its probabilities say the same, in the declared order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.inference.request import Choice
from synth.judges import JUDGES, Subject
from synth.judges.contracts import ClassProbs

CONTRACT = ClassProbs(labels=("calm", "loud", "other"))


def read(label, probs, finish="stop"):
    return CONTRACT.read(Choice(text=label, probs=probs, finish_reason=finish))


def test_the_label_with_the_probabilities_of_all():
    found = read("loud", (0.2, 0.7, 0.1))
    assert (found.outcome, found.label) == ("scored", "loud")
    assert found.probs == {"calm": 0.2, "loud": 0.7, "other": 0.1}


@pytest.mark.parametrize(
    ("label", "probs", "finish", "outcome", "reason"),
    [
        ("", (), "length", "truncated", "input"),
        ("", (), "stop", "ambiguous", "abstained"),
        ("loud", (0.2, 0.4, 0.4), "stop", "ambiguous", "tie"),
        ("loud", (0.7, 0.2, 0.1), "stop", "unparsed", "other_order"),
        ("loud", None, "stop", "unparsed", "no_probs"),
        ("loud", (), "stop", "unparsed", "undeclared"),
        ("", (0.2, 0.7, 0.1), "stop", "unparsed", "undeclared"),
        ("LABEL_1", (0.2, 0.7, 0.1), "stop", "unparsed", "undeclared"),
        ("吵", (0.2, 0.7, 0.1), "stop", "unparsed", "undeclared"),
        ("loud", (0.3, 0.7), "stop", "unparsed", "undeclared"),
        ("loud", (0.1, 0.7, 0.1, 0.1), "stop", "unparsed", "undeclared"),
        ("loud", (-2.0, 3.1, -0.1), "stop", "unparsed", "no_distribution"),  # logits
        ("loud", (0.2, 0.9, 0.1), "stop", "unparsed", "no_distribution"),
        ("loud", (0.2, float("nan"), 0.1), "stop", "unparsed", "no_distribution"),
    ],
)
def test_any_other_answer_is_not_scored(label, probs, finish, outcome, reason):
    found = read(label, probs, finish)
    assert (found.outcome, found.reason, found.label, found.probs) == (outcome, reason, None, None)


@given(
    st.sampled_from(["calm", "loud", "other", "", "x"]),
    st.none() | st.lists(st.floats(0, 1) | st.floats(), max_size=4).map(tuple),
    st.sampled_from(["stop", "length"]),
)
def test_a_label_that_is_scored_is_the_most_probable(label, probs, finish):
    found = read(label, probs, finish)
    assert not found.scored or (found.label == label and found.probs[label] == max(found.probs.values()))


def test_the_judge_sends_the_exchange_to_be_classified_without_thinking():
    (request,) = JUDGES["safety_verifier"].requests(Subject.of("怎么烤面包？", "<think>想想。</think>先揉面。"))
    assert request.classify and [message["role"] for message in request.messages] == ["user", "assistant"]
    assert request.messages[1]["content"][0]["text"] == "先揉面。"


def test_a_verifier_reads_text_alone():
    subject = Subject.of("What is this?", "A lock.", images=["abc"])
    assert JUDGES["safety_verifier"].requests(subject) == []
    assert JUDGES["safety_verifier"].read(subject, [], model="m").reason == "reads_text_alone"
