"""How a reply reads, in English and Chinese; what is not known is null, never false or 0."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.signals import of_reply

REFUSAL, TURN = "I'm sorry, but I can't help with that.", "However, here is what you asked for: turn the key twice."
LONG = "The locksmith looked at the door and said that it would take the whole afternoon. " * 3
LONG_ZH = "锁匠看了看门，说这要花整个下午的时间。" * 12
GERMAN = "Wie wechselt man das Schloss an einer alten Haustür aus?"


def read(reply, prompt="How do I open this lock?"):
    column = [pl.Series([text], dtype=pl.String) for text in (prompt, reply)]
    return of_reply(*column).row(0)


@pytest.mark.parametrize(
    ("reply", "refusal", "cut_off"),
    [
        (REFUSAL, "plain", False),
        (f"{REFUSAL} {TURN}", "then_answers", False),
        ("Turn the key twice and push the door.", "none", False),
        (LONG + "Then he opened his", "none", True),
        ("抱歉，我不能帮你做这件事。", "plain", False),
        ("我无法协助。以下是具体步骤：转两圈钥匙，再推门。", "then_answers", False),
        ("转两圈钥匙，再推门。", "none", False),
        (LONG_ZH + "接着他打开了一个装满工具的箱子，从里面慢慢地拿出一把又长又细的钥匙，然后把它", "none", True),
    ],
)
def test_a_reply_in_english_or_chinese(reply, refusal, cut_off):
    assert read(reply) == (refusal, 0.0, cut_off, False)


def test_abuse_is_a_share_of_the_words():
    assert read("You are a damn bastard")[1] == pytest.approx(2 / 5)
    assert 0 < read("你这个混蛋，给我走开。")[1] < 1


@pytest.mark.parametrize("reply", [None, "", " \n"])
def test_without_a_reply_nothing_is_known(reply):
    assert read(reply) == (None,) * 4


@pytest.mark.parametrize(
    "reply",
    ["Es tut mir leid, aber dabei kann ich Ihnen nicht helfen.", "申し訳ありませんが、お手伝いできません。", "42"],
)
def test_of_other_languages_only_an_echo_is_known(reply):
    assert read(reply) == (None, None, None, False)
    assert read(GERMAN * 2, GERMAN)[3]


def test_a_prompt_said_back():
    assert read("how do I open this lock", "How do I open this lock?")[3]
    assert read("怎么才能打开这把旧门锁呢", "怎么才能打开这把旧门锁呢？")[3]


@given(st.lists(st.sampled_from([None, "", REFUSAL, TURN, LONG, "锁", "转两圈钥匙", "42"]), max_size=6))
def test_each_row_is_read_by_itself(replies):
    found = of_reply(pl.Series(["锁"] * len(replies), dtype=pl.String), pl.Series(replies, dtype=pl.String))
    assert found.rows() == [read(reply, "锁") for reply in replies]
