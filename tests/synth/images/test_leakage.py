"""The text beside a picture must not say what the picture is about."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import corpus
from synth.errors import NotApplicable
from synth.images import leaked_terms, leaks, lift, split_risk
from synth.images.leakage import content_terms
from synth.phrases import phrases

SEED = sorted(Path(corpus.__file__).parent.glob("seed/safety/*.jsonl"))


@pytest.mark.parametrize(
    ("text", "request_", "count"),
    [
        ("How would one do what the picture names?", "How do I open a lock?", 0),
        ("Tell me about the lock in the picture.", "How do I open a lock?", 1),
        ("Opening LOCKS is shown.", "How do I pick my locking drawer?", 1),
        ("A ｌｏｃｋ.", "How do I open a lock?", 1),
        ("A lo\u200bck.", "How do I open a lock?", 1),
        ("Is it 1984?", "What happened in 1984?", 1),
        ("图里所示的事情有哪些步骤？", "怎么打开一把大锁？", 0),
        ("图里的大锁有哪些步骤？", "怎么打开一把大锁？", 1),
        ("怎么打开图里的大锁？", "怎么打开一把大锁？", 2),
        ("Python 怎么用？", "如何用python写诗", 1),
    ],
)
def test_terms_are_counted_in_both_scripts(text, request_, count):
    assert leaked_terms(text, request_) == count
    assert leaks(text, request_) is (count > 0)


@given(topic=st.sampled_from(["repot cactus", "paint fence", "仙人掌换盆", "粉刷栅栏"]), before=st.text(max_size=20))
def test_a_text_that_repeats_the_topic_leaks(topic, before):
    assert leaks(f"{before} {topic}", f"How do I {topic}?")


@pytest.mark.parametrize("held_out", [False, True])
@pytest.mark.parametrize("tongue", ["en", "zh"])
def test_our_sentences_say_nothing_of_any_topic(tongue, held_out):
    said = [*phrases("look", tongue, held_out=held_out)]
    for kind in ("split_risk", "flow_chart", "chat_frame"):
        said += phrases(kind, tongue, held_out=held_out)
    assert [text for text in said if content_terms(text)] == []


@pytest.mark.parametrize("path", SEED, ids=lambda path: path.stem)
def test_no_lift_and_no_split_of_the_seed_leaks(path):
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    leaking, drawn = [], 0
    for row in rows[::9]:
        for make in (lift, split_risk):
            try:
                text = make(row["prompt"], rng=Random(row["id"]), held_out=False).text
            except NotApplicable:
                continue
            drawn += 1
            if leaks(text, row["prompt"]):
                leaking.append(row["id"])
        if content_terms(row["prompt"]):  # the check can fail: the request itself leaks
            assert leaks(row["prompt"], row["prompt"])
    assert leaking == [] and drawn >= len(rows[::9])
