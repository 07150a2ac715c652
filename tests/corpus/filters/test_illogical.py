"""Replies that say nothing, say the prompt back, or stop in the middle."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.filters.illogical import cut_off, no_words, repeats_prompt


def judged(expression, *texts):
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
    return frame.select(expression(pl.col("text")).alias("why"))["why"].to_list()


def echoes(prompt, reply):
    column = [pl.Series(name, [value], dtype=pl.String) for name, value in (("prompt", prompt), ("reply", reply))]
    return repeats_prompt(*column).to_list()[0]


def test_punctuation_says_nothing_and_a_sign_does():
    assert judged(no_words, "…", "？！。", " \n", "", None, "\u200b", "* * *") == ["no_words"] * 7
    assert judged(no_words, "好", "A", "7", "∞", "→", "<", "👍", ":-)", "€") == [None] * 9


@pytest.mark.parametrize(
    ("prompt", "reply", "reason"),
    [
        ("Where is the nearest locksmith?", "where is the nearest locksmith", "repeats_prompt"),
        ("离这里最近的锁匠在什么地方？", "离这里最近的锁匠在什么地方。", "repeats_prompt"),
        ("Where is the nearest locksmith?", "Where is the nearest locksmith? " * 3, "repeats_prompt"),
        (
            "离这里最近的锁匠在什么地方？",
            "“离这里最近的锁匠在什么地方？”离这里最近的锁匠在什么地方？",
            "repeats_prompt",
        ),
        ("Where is the nearest locksmith?", "Where is the nearest locksmith? Behind the station.", None),
        ("离这里最近的锁匠在什么地方？", "离这里最近的锁匠在什么地方？在车站后面。", None),
        ("Correct this: Where be the locksmith?", "Where be the locksmith?", None),
        ("Hello!", "Hello!", None),
        ("你好", "你好！", None),
        ("？？？", "。。。", None),
        ("Where is the nearest locksmith?", None, None),
        (None, "Where is the nearest locksmith?", None),
        ("", "", None),
    ],
)
def test_saying_the_prompt_back_is_no_answer(prompt, reply, reason):
    assert echoes(prompt, reply) == reason


@given(st.text(max_size=30), st.text(max_size=30))
def test_what_holds_a_letter_more_is_no_echo(prompt, reply):
    assert echoes(prompt, prompt + reply + "ж") in (None, "repeats_prompt" if "ж" in prompt else None)


def test_a_reply_that_stops_in_the_middle_is_marked():
    english = "The locksmith looks at the paper that the owner brings, reads the name and compares it with the bell. "
    chinese = (
        "锁匠先看住户的证件，核对门牌和姓名，确认无误之后才动手开锁；如果证件上的名字不对，他会请住户去找房东说明情况。"
    )
    whole = [english * 3, chinese * 5, english * 3 + "\n\n1. a hammer\n2. a key", "short"]
    assert judged(cut_off, *whole, None) == [False] * 4 + [None]
    assert judged(cut_off, english * 3 + english[:70], chinese * 5 + chinese[:45]) == [True, True]
