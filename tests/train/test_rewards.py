"""Rewards at the edges: cut off, unread, empty."""

import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.rewards.boxed import boxed_reward, check_gold, read_integer
from train.rewards.format import answer, format_reward, well_formed
from train.rewards.helpfulness import check_references, closeness
from train.rewards.safety import one_minus_p_unsafe, policy_score
from verifiers.policy import Policy


def boxed(completion, gold, truncated=False):
    return boxed_reward([""], [completion], reference=[gold], truncated=[truncated])[0]


def test_the_last_box_of_the_answer_counts():
    assert boxed(r"<think>2 + 2</think>\boxed{4}", "4") == 1.0
    assert boxed(r"\boxed{3} no, \boxed{ 4 }", "4") == 1.0
    assert boxed(r"\boxed{4} no, \boxed{3}", "4") == 0.0
    assert boxed(r"<think>\boxed{4}</think>It is four.", "4") == 0.0
    assert boxed(r"\boxed{1,200}", "1200") == 1.0
    assert boxed(r"答案是\boxed{１２}", "12") == 1.0
    assert boxed(r"\boxed{-5}", "−5") == 1.0


def test_close_is_not_equal():
    assert boxed(r"\boxed{4.0}", "4") == 0.0
    assert boxed(r"\boxed{4 apples}", "4") == 0.0
    assert boxed(r"no box here, but 12", "12") == 0.0


def test_what_could_not_be_scored_is_not_wrong():
    assert boxed("I start with", "4", truncated=True) is None
    # cut off, yet the box stands there
    assert boxed(r"\boxed{4} and so", "4", truncated=True) == 1.0
    assert [boxed(r"\boxed{7}", gold) for gold in ("see the figure", "", None)] == [None, None, None]


def test_a_gold_answer_that_cannot_be_read_stops_the_run():
    check_gold([("a", "12"), ("b", "-3")])
    with pytest.raises(ValueError, match=r"2 math records .* the first b"):
        check_gold([("a", "12"), ("b", "about 3"), ("c", None)])


@given(st.integers())
def test_every_integer_reads_as_itself(number):
    assert read_integer(f" {number:,} ") == number


@given(st.text())
def test_wild_text_never_breaks_the_rules(text):
    assert format_reward([""], [text])[0] in (0.0, 1.0)
    assert boxed(text, "4") in (0.0, 1.0)


@pytest.mark.parametrize(
    ("completion", "right"),
    [
        ("<think>A plain question.</think>Paris.", True),
        (" <think>普通问题。</think>巴黎。", True),
        ("Paris.", False),
        ("<think></think>Paris.", False),
        ("<think>Hm.</think>", False),
        ("<think>Hm.</think> \n", False),
        ("<think>a</think><think>b</think>Paris.", False),
        ("so <think>Hm.</think>Paris.", False),
        ("<think>Hm. Paris.", False),
    ],
)
def test_format(completion, right):
    assert well_formed(completion) is right


def test_the_answer_is_what_stands_after_the_last_think_tag():
    assert answer("<think>a</think> b ") == "b"
    assert answer("b") == "b"


class Verifier:
    """Says what it is told to, and remembers what it was asked."""

    def __init__(self, rows):
        self.rows, self.asked = rows, None

    def score(self, prompts, responses):
        self.asked = list(zip(prompts, responses, strict=True))
        schema = {"label": pl.String, "p_unsafe": pl.Float64, "abstained": pl.Boolean}
        return pl.DataFrame(self.rows, schema=schema, orient="row")


def test_the_verifier_reads_answers_and_a_truncated_one_is_not_scored():
    verifier = Verifier([("Safe without risk", 0.25, False), (None, None, True)])
    rewards = one_minus_p_unsafe(verifier)(
        ["p1", "p2", "p3"], ["<think>x</think>a1", "a2", "a3"], truncated=[False, True, False]
    )
    assert verifier.asked == [("p1", "a1"), ("p3", "a3")]
    assert rewards == [0.75, None, None]


def test_the_verifier_is_not_asked_about_nothing():
    verifier = Verifier([])
    assert one_minus_p_unsafe(verifier)(["p"], ["c"], truncated=[True]) == [None]
    assert verifier.asked is None


def test_the_published_policy_pays_a_refusal_less_than_a_warning():
    policy = Policy.load("safework-r1")
    verifier = Verifier([("Safe with refusal", 0.0, False), ("Safe with warning", 0.0, False), (None, None, True)])
    rewards = policy_score(verifier, policy)(["p"] * 3, ["c"] * 3, truncated=[False] * 3)
    assert rewards == [0.1, 1.0, None]


def unit(texts):
    # a text is its share of the letter a: identical texts have cosine 1, disjoint ones 0
    rows = [[float("a" in text), float("b" in text)] for text in texts]
    return torch.nn.functional.normalize(torch.tensor(rows).reshape(-1, 2), dim=-1)


def test_closeness_by_hand_has_a_ceiling_and_gaps():
    reward = closeness(unit, ceiling=0.8)
    rewards = reward(
        [""] * 6,
        ["a", "b", "ab", "", "a", "a"],
        reference=["a", "a", "a", "a", None, "a"],
        truncated=[False, False, False, False, False, True],
    )
    # cosines 1 (over the ceiling), 0, .7071 / .8 = .8839, an empty answer, no reference, cut off
    assert rewards == [pytest.approx(1.0), 0.0, pytest.approx(0.8839, abs=1e-4), 0.0, None, None]


def test_a_benign_record_without_a_reference_stops_the_run():
    with pytest.raises(ValueError, match="the first b"):
        check_references([("a", "yes"), ("b", " ")])
