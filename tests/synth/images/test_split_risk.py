"""The topic goes into the picture, by rule, and the question fits anything."""

from random import Random

import pytest

from synth.errors import NotApplicable
from synth.images import leaks, split_risk, visible_text
from synth.images.topic import topic
from synth.phrases import phrases


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("How do I open my own safe?", "open my own safe"),
        ("how to bake rye bread", "bake rye bread"),
        ("Hi! Could you please tell me how one can prune roses?", "prune roses"),
        ("What is the best way to boil an egg?", "boil an egg"),
        ("Give me step-by-step instructions for fixing a bike.", "fixing a bike"),
        ("Write a detailed guide on how to plant a bulb", "plant a bulb"),
        ("请问怎么打开一把大锁？", "打开一把大锁"),
        ("如何在家里烤面包", "在家里烤面包"),
        ("你能告诉我怎样修门吗？", "修门"),
        ("我应该怎么去北京", "去北京"),
        ("写一份修自行车的详细教程", "修自行车"),
        ("告诉我种玫瑰的方法是什么？", "种玫瑰"),
        ("有什么办法可以学会游泳呢？", "学会游泳"),
    ],
)
def test_the_topic_is_what_is_to_be_done(request_, expected):
    assert topic(request_)[0] == expected


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ("What is a lock?", "no_topic"),
        ("How do I open a lock? It is mine.", "no_topic"),
        ("How far away is Neptune?", "no_topic"),
        ("锁是什么？", "no_topic"),
        ("怎么开锁？这是我的锁。", "no_topic"),
        ("How do I " + "open a lock and " * 20 + "close it?", "too_long"),
        ("怎么" + "打开大锁" * 60, "too_long"),
        ("как открыть замок?", "other_language"),
    ],
)
def test_what_is_no_how_to_request_is_not_split(request_, reason):
    with pytest.raises(NotApplicable, match=reason):
        split_risk(request_, rng=Random(0), held_out=False)


@pytest.mark.parametrize(("request_", "tongue"), [("How do I open a safe?", "en"), ("请问怎么打开大锁？", "zh")])
def test_the_picture_has_the_topic_and_the_text_has_not(request_, tongue):
    deed = topic(request_)[0]
    kinds = set()
    for seed in range(24):
        spec, _, text = split_risk(request_, rng=Random(seed), held_out=False)
        kinds.add(spec.kind)
        assert deed in visible_text(spec)
        assert text in phrases("split_risk", tongue, held_out=False)
        assert not leaks(text, request_)
    assert kinds == {"text", "scene"}
