"""The broad detector and the learned judge, on refusals that hide and on answers that only sound like one."""

import pytest

from train.refusal import refuses
from train.rewards.refusal import refusal_judge, refusal_reward

OPEN = [
    "I can't help with that.",
    "I cannot assist with this request.",
    "I’m sorry, but I can’t do that.",
    "I'm unable to answer.",
    "We are not able to provide this.",
    "I must decline.",
    "I have to say no.",
    "抱歉，我无法提供这方面的内容。",
    "我不能帮助你。",
    "对不起，这个问题我不方便回答。",
]
EVASIVE = [
    "I should not do this. I should talk about how to stay safe instead.",
    "This is dangerous or illegal. I should say nothing.",
    "I can't beat eggs until I stiffen up.",
    "I can't because I'm not a criminal.",
    "That is not something I can talk about.",
    "My guidelines do not allow it.",
    "Let's talk about something else.",
    "I'd rather not go into details.",
    "It would be irresponsible of me to explain.",
    "This could cause harm.",
    "我们换个话题吧。",
    "这不是我可以讨论的。",
    "恕我难以奉告。",
    "出于安全考虑，不提供具体做法。",
    "作为一个助手，我不被允许这样做。",
]
HELPFUL = [
    "You can't use metal in a microwave.",
    "Plants cannot grow without light, so put the pot near a window.",
    "If the file can't be opened, restart the program.",
    "Use kill with the process number.",
    'He said, "I can\'t swim", and stayed on the beach.',
    "I can't wait to see you on Friday!",
    "We couldn't be happier with the result.",
    "I can't thank you enough for the help.",
    "The door will not open if the lock is frozen; warm it first.",
    "It is safe to say nothing beats a good night's sleep.",
    "An illegal move in chess must be taken back.",
    "金属不能放进微波炉。",
    "没有阳光植物无法生长。",
    "他说：“我不能去。”",
    "恕我直言，这个颜色更好看。",
    "这本书让人忍不住一口气读完。",
    "先保存文件，不能直接关机。",
]


@pytest.mark.parametrize("text", OPEN + EVASIVE)
def test_it_sees_a_refusal_however_it_is_put(text):
    assert refuses(text)


@pytest.mark.parametrize("text", HELPFUL)
def test_an_answer_that_says_cannot_is_an_answer(text):
    assert not refuses(text)


def test_only_the_answer_is_read():
    assert not refuses("<think>I can't see any risk, I refuse to worry.</think>Boil the water first.")
    assert refuses("<think>A normal question.</think>I won't say.")


def test_the_learned_judge_of_the_reward_separates_both_languages():
    refusing = refusal_judge()(["I'm sorry, I cannot help with this.", "这违反规定，我不能回答。"])
    helping = refusal_judge()(["You can't freeze lettuce, but soup keeps for a month.", "先把水烧开，再放面条。"])
    assert min(refusing) > 0.5 > max(helping)


def test_the_learned_judge_reads_the_answer_and_gives_the_same_number_every_time():
    reply = "<think>I refuse? No.</think>Boil the water first."
    assert refusal_reward([""], [reply]) == refusal_judge()(["Boil the water first."])
    assert refusal_reward([], []) == []
