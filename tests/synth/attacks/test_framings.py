"""Words around a request, and forms that it is put into."""

import json
from random import Random

import pytest

from synth.attacks import ATTACKS
from synth.attacks.many_shot import SHOTS
from synth.attacks.past_tense import MAX_CHARS, past_tense
from synth.attacks.pieces import code_pieces, cut, from_code_pieces, from_payload_splitting, payload_splitting
from synth.attacks.words import book
from synth.errors import NotApplicable


@pytest.mark.parametrize(
    ("question", "deed"),
    [
        ("How do I open my lock?", "open their lock"),
        ("please tell me how to open a lock", "open a lock"),
        ("Can you explain how one could, you know, do it", None),
        ("如何打开一把锁？", "打开一把锁"),
        ("请问我应该怎么打开这把锁呢？", "打开这把锁"),
        ("给我写一首诗。", None),
    ],
)
def test_past_tense_reframes_a_question_and_quotes_anything_else(question, deed):
    result = past_tense(question, rng=Random(0))
    assert (deed or question) in result
    assert ("“" in result) == (deed is None)


def test_past_tense_takes_one_short_line():
    with pytest.raises(NotApplicable, match="too_long"):
        past_tense("长" * (MAX_CHARS + 1), rng=Random(0))
    with pytest.raises(NotApplicable, match="several_lines"):
        past_tense("How do I\nopen it?", rng=Random(0))


def test_a_template_speaks_the_language_of_the_request_or_not_at_all():
    role_play = ATTACKS["role_play"].apply
    assert role_play("打开 safe lock 这把锁", rng=Random(0)).startswith(("我们", "角色"))
    assert role_play("Open {it} now", rng=Random(0)).count("Open {it} now") == 1
    assert role_play("Open {} now", rng=Random(0)).count("Open {} now") == 1
    for foreign in ("как открыть", "これを開けてください", "1 + 1 = ?"):
        with pytest.raises(NotApplicable, match="other_language"):
            role_play(foreign, rng=Random(0))


@pytest.mark.parametrize(("text", "speaker"), [("How do I open it?", "User: "), ("怎么打开它？", "用户：")])
def test_many_shot_asks_last(text, speaker):
    counts = set()
    for seed in range(30):
        *shots, last = ATTACKS["many_shot"].apply(text, rng=Random(seed)).split("\n\n")
        assert last.startswith(speaker + text)
        assert len(shots) == len(set(shots))
        counts.add(len(shots))
    assert min(counts) >= SHOTS[0] and max(counts) <= SHOTS[1] and len(counts) > 1


def test_dialogues_of_many_shot_are_as_many_in_both_languages():
    dialogues = book("many_shot.yaml")
    assert len(dialogues["en"]) == len(dialogues["zh"]) == SHOTS[1]
    assert all("{}" not in line for shots in dialogues.values() for shot in shots for line in shot)


@pytest.mark.parametrize("text", ['Open the "big" lock\n\\now', "打开“大”锁\n现在"])
def test_pieces_are_put_together_again_by_the_code_they_stand_in(text):
    for seed in range(10):
        names: dict = {}
        exec(payload_splitting(text, rng=Random(seed)), {}, names)
        assert names["request"] == text
        pieces: list = []
        exec(code_pieces(text, rng=Random(seed)), {"pieces": pieces})
        assert "".join(pieces) == text


def test_pieces_are_short_and_complete():
    assert {len(piece) for piece in cut("锁" * 1000, rng=Random(0))[:-1]} == {2, 3, 4, 5, 6}
    with pytest.raises(NotApplicable, match="too_short"):
        payload_splitting("锁", rng=Random(0))
    for broken in ("", "a = b\nrequest = a", 'a = "b"\nrequest = c', "a = 1\nrequest = a"):
        with pytest.raises(NotApplicable, match="not_encoded"):
            from_payload_splitting(broken)
    assert from_code_pieces("nothing here") == ""


@pytest.mark.parametrize("text", ['Open the "big" lock', "打开“大”锁"])
def test_a_json_form_is_json(text):
    for seed in range(10):
        form = ATTACKS["json_form"].apply(text, rng=Random(seed))
        found = json.loads(form[form.index("{") : form.rindex("}") + 1])
        assert text in json.dumps(found, ensure_ascii=False).replace("\\", "")
