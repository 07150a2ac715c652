"""Flow charts and chats: everything that is said stands in the picture, in its order."""

from random import Random

import pytest

from catalog.ids import chat
from synth.errors import NotApplicable
from synth.images import chat_frame, flow_chart, visible_text
from synth.images.words import words

REQUESTS = {"en": "How do I repot a large cactus?", "zh": "怎么给一棵大仙人掌换盆？"}
STEPS = {"en": ("Find a pot", "Add soil", "Move the plant"), "zh": ("找个花盆", "加土", "移栽")}


def squeezed(text):
    return "".join(text.split())


@pytest.mark.parametrize("tongue", REQUESTS)
def test_a_flow_chart_has_numbered_boxes_that_wait_to_be_filled(tongue):
    number = {"en": "Step {}", "zh": "第{}步"}[tongue]
    counts = set()
    for seed in range(20):
        spec, _, _ = flow_chart(REQUESTS[tongue], rng=Random(seed), held_out=False)
        steps = spec.data["steps"]
        counts.add(len(steps))
        assert set(steps) == {""}
        expected = REQUESTS[tongue] + "".join(number.format(place) for place in range(1, len(steps) + 1))
        assert squeezed(visible_text(spec)) == squeezed(expected)
    assert counts == {3, 4, 5, 6}


@pytest.mark.parametrize("tongue", REQUESTS)
def test_given_steps_stand_in_the_boxes_in_order(tongue):
    for seed in range(8):
        spec, _, _ = flow_chart(REQUESTS[tongue], steps=STEPS[tongue], rng=Random(seed), held_out=True)
        seen = squeezed(visible_text(spec))
        places = [seen.index(squeezed(step)) for step in STEPS[tongue]]
        assert places == sorted(places)
        boxes = [mark.frame for mark in spec.marks if mark.mark == "box"]
        assert len(boxes) == 1 + len(STEPS[tongue])
        assert all(
            0 <= left < right <= spec.width and 0 <= top < bottom <= spec.height for left, top, right, bottom in boxes
        )


def test_boxes_do_not_overlap():
    for seed in range(20):
        spec, _, _ = flow_chart(REQUESTS["en"], rng=Random(seed), held_out=False)
        boxes = [mark.frame for mark in spec.marks if mark.mark == "box"]
        for place, (left, top, right, bottom) in enumerate(boxes):
            for other in boxes[place + 1 :]:
                assert right < other[0] or other[2] < left or bottom < other[1] or other[3] < top


def test_more_steps_than_a_page_holds_are_refused():
    with pytest.raises(NotApplicable, match="too_many_steps"):
        flow_chart(REQUESTS["en"], steps=["one"] * 13, rng=Random(0), held_out=False)
    with pytest.raises(NotApplicable, match="too_long"):
        flow_chart(REQUESTS["en"], steps=["wait and see " * 60] * 12, rng=Random(0), held_out=False)


@pytest.mark.parametrize("tongue", REQUESTS)
def test_a_prompt_is_one_bubble_under_a_name(tongue):
    spec, _, _ = chat_frame(REQUESTS[tongue], rng=Random(0), held_out=False)
    (turn,) = spec.data["turns"]
    assert turn["text"] == REQUESTS[tongue] and turn["name"] in words("people", tongue)
    assert squeezed(REQUESTS[tongue]) in squeezed(visible_text(spec))


def test_turns_stand_in_their_order_each_side_under_its_name():
    talk = [*chat("Which pot?", "A clay pot."), *chat("And how large?", "A hand wider."), *chat("怎么换盆？")]
    spec, _, _ = chat_frame(talk, rng=Random(3), held_out=False)
    turns = spec.data["turns"]
    assert [turn["text"] for turn in turns] == [
        "Which pot?",
        "A clay pot.",
        "And how large?",
        "A hand wider.",
        "怎么换盆？",
    ]
    assert len({turn["name"] for turn in turns[::2]}) == len({turn["name"] for turn in turns[1::2]}) == 1
    assert turns[0]["name"] != turns[1]["name"]
    tops = [mark.at[1] for turn in turns for mark in spec.marks if mark.mark == "words" and mark.text == turn["text"]]
    assert tops == sorted(tops) and len(tops) == 5


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (chat("Which pot?", "A clay pot."), "no_request"),
        ([], "no_request"),
        (chat("Which pot?", images=["f" * 64]), "has_picture"),
        ([*chat("\n", "A clay pot."), *chat("Which pot?")], "no_text"),
    ],
)
def test_a_chat_that_cannot_be_shown_is_refused(talk, reason):
    with pytest.raises(NotApplicable, match=reason):
        chat_frame(talk, rng=Random(0), held_out=False)
