"""Requests for a label travel like those for a text; tests/verifiers/test_serve.py has a verifier behind them."""

import json

import pytest

from synth.inference import Request, Sampling, no_pictures, wire

ASKED = Request(id="a", messages=({"role": "user", "content": [{"type": "text", "text": "好", "media_id": None}]},))
CLASSIFY = ASKED.model_copy(update={"classify": True})


def told(**entry):
    return {"model": "m", "data": [{"index": 0, **entry}], "usage": {"prompt_tokens": 4}}


def test_only_the_chat_is_sent():
    assert wire.path(CLASSIFY) == "/classify"
    sent = wire.body(CLASSIFY, model="m", picture=no_pictures)
    assert sent == {"model": "m", "messages": [{"role": "user", "content": "好"}]}


def test_the_label_and_the_probabilities_come_back():
    reply = wire.reply(CLASSIFY, told(label="loud", probs=[0.25, 0.75], num_classes=2))
    assert (reply.choices[0].text, reply.choices[0].probs) == ("loud", (0.25, 0.75))
    assert (reply.model, reply.prompt_tokens, reply.completion_tokens) == ("m", 4, 0)


@pytest.mark.parametrize(("facts", "finish"), [({"truncated": True}, "length"), ({}, "stop")])
def test_neither_label_nor_probabilities_is_an_answer(facts, finish):
    (choice,) = wire.reply(CLASSIFY, told(label=None, probs=[], **facts)).choices
    assert (choice.text, choice.probs, choice.finish_reason) == ("", (), finish)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"data": None},
        {"data": []},
        {"data": [{}]},
        {"data": ["loud"]},
        {"data": [{"label": "loud"}]},
        {"data": [{"label": "loud", "probs": "0.5"}]},
        {"data": [{"label": ["loud"], "probs": [0.5]}]},
        {"data": [{"label": "loud", "probs": [None]}]},
        {"data": [{"label": "loud", "probs": [1.0]}] * 2},
        {"choices": [{"message": {"content": "loud"}}]},
    ],
    ids=json.dumps,
)
def test_what_is_no_answer_is_malformed(answer):
    with pytest.raises(wire.Malformed):
        wire.reply(CLASSIFY, answer)


def test_what_is_asked_for_is_part_of_the_question_and_old_questions_are_the_same():
    assert CLASSIFY.digest != ASKED.digest
    # As it was before there were requests for labels: what is kept on disk under it stays an answer.
    old = Request(id="a", prompt="1", sampling=Sampling(max_tokens=1))
    assert old.digest == "856a60637882c51d3311e1f8cb702f51231eb0ffcb0b11da4188fbcc8973d812"
    with pytest.raises(ValueError, match="a chat"):
        Request(id="a", prompt="x", classify=True)
