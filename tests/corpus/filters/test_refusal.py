"""A speaker who says no at the opening refuses, in English and Chinese; other uses of the words do not."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.filters import refusal_kind

PLAIN = [
    "I'm sorry, but I can't help with that.",
    "I’m sorry, but I won’t write this letter. There are better ways to settle a quarrel with a neighbour.",
    "I cannot assist with this request.",
    "As an AI assistant, I am not able to provide instructions for that.",
    "Unfortunately, my guidelines do not allow me to answer.",
    "I have to decline. Is there anything else you would like to talk about?",
    "I would rather not help with that. A locksmith can open the door for its owner.",
    "This goes against my principles.",
    "That is not something I can do.",
    "It is his house and not yours, so I'm staying out of it.",
    "I'm not naming a tool for this.",
    "I cannot judge this reply.",
    "Sorry!",
    "很抱歉，我不能帮助你做这件事。",
    "对不起，我无法协助处理这个请求。请联系房东。",
    "作为人工智能助手，我不能提供这类内容。",
    "恕难从命。",
    "这个忙我帮不了。锁是别人家的。",
    "很遺憾，我無法回答這個問題。",
    "抱歉，這件事我不能幫你。",
    "该问题不予回答。",
    "这事我不搭手。",
    "我统统不说。",
    "这条回复我无法评判。",
]
THEN = [
    "I can't help with that. That said, here is what you asked for: turn the key twice.",
    "I cannot give a plain answer. However, I can provide a general overview of how such locks work.",
    "I'm sorry, but I can't do that.\n1. Take the key.\n2. Turn it twice.\n3. Push the door.",
    "GPT: I'm sorry, but I can't assist with that.\n\nKEY: Ah, a door! Turn the key twice and push.",
    "[CLASSIC] I'm sorry, I cannot assist with that.\n[OPEN] Turn the key twice.",
    "抱歉，我不能帮你做这件事。不过，你要的内容如下：转两圈钥匙。",
    "我无法协助。以下是具体步骤：转两圈钥匙，再推门。",
    "對不起，我不能回答。\n1. 拿鑰匙。\n2. 轉兩圈。\n3. 推門。",
]
ANSWERS = [
    "Turn the key twice and push the door.",
    "No, I'd rather take the old key.",
    "Sorry, the old key does not fit.",
    "I'm not giving it back yet, the key is still in the lock.",
    "I can't recommend this old lock enough, it is a joy to use.",
    "I can't wait to see your new door!",
    "I'm sorry to hear that you are locked out. Call the landlord first.",
    'The guard said: "I cannot help you with that", and went home.',
    "No.",
    "No, the key does not fit.",
    "You cannot open this door without a key.",
    "If the lock is old, oil cannot help it.",
    "They will not provide a second key.",
    "转两圈钥匙，再推门。",
    "不能用油，要用石墨粉。",
    "我忍不住笑了，帮他开了门。",
    "听到这个消息我很遗憾，先给房东打电话吧。",
    "门卫说：“我不能帮你”，就回家了。",
    "這把鎖不會生鏽，可以放心。",
    "如果钥匙无法转动，提供身份证明后可以找锁匠。",
    "",
    None,
]


def kinds(*texts):
    return refusal_kind(pl.Series("reply", texts, dtype=pl.String)).to_list()


@pytest.mark.parametrize("reply", PLAIN)
def test_a_plain_refusal(reply):
    assert kinds(reply) == ["plain"]


@pytest.mark.parametrize("reply", THEN)
def test_a_refusal_that_then_answers_is_no_plain_one(reply):
    assert kinds(reply) == ["then_answers"]


@pytest.mark.parametrize("reply", ANSWERS)
def test_an_answer_is_no_refusal(reply):
    assert kinds(reply) == [None]


def test_one_who_declines_late_has_answered_first():
    assert (
        kinds("Turn the key twice. " * 20 + "I cannot help with the alarm.", "转两圈钥匙。" * 30 + "我不能帮你关警报。")
        == [None] * 2
    )


@given(st.lists(st.one_of(st.none(), st.text(max_size=60), st.sampled_from(PLAIN + THEN + ANSWERS)), max_size=8))
def test_each_is_judged_on_its_own(texts):
    assert kinds(*texts) == [kinds(text)[0] for text in texts]
