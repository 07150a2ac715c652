import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import chat, digest, prompt_id, sample_id
from catalog.ids import canonical


def test_the_id_is_the_sha256_of_the_canonical_json_written_out_by_hand():
    asked = '{"content":[{"text":"你好","type":"text"}],"role":"user"}'
    written = f"[{asked},{asked.replace('你好', 'hi').replace('user', 'assistant')}]"
    assert sample_id(chat("你好", "hi")) == hashlib.sha256(written.encode()).hexdigest()


def test_a_picture_counts_by_its_digest():
    assert sample_id(chat("q", images=["a" * 64])) != sample_id(chat("q", images=["b" * 64]))
    assert sample_id(chat("q", images=["a" * 64])) != sample_id(chat("q"))


def test_the_prompt_id_ignores_the_last_reply_and_nothing_else():
    assert prompt_id(chat("q", "one")) == prompt_id(chat("q", "two")) == prompt_id(chat("q"))
    assert prompt_id(chat("q", "one")) != prompt_id(chat("Q", "one"))
    turns = chat("q", "one") + chat("r", "two")
    assert prompt_id(turns) == prompt_id(chat("q", "one") + chat("r", "three")) != prompt_id(chat("q"))


def test_key_order_and_extra_keys_of_a_message_change_nothing():
    plain = [{"role": "user", "content": [{"type": "text", "text": "x"}]}]
    turned = [{"content": [{"media_id": None, "text": "x", "type": "text"}], "role": "user"}]
    assert sample_id(plain) == sample_id(turned)


def test_a_lone_surrogate_has_no_id_and_the_message_does_not_repeat_the_text():
    with pytest.raises(ValueError, match="lone surrogate") as caught:
        sample_id(chat("secret \ud800 words"))
    assert "secret" not in str(caught.value)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_texts_differ_exactly_when_their_ids_differ(left, right):
    assert (sample_id(chat(left)) == sample_id(chat(right))) == (left == right)


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(ValueError):
        digest({"x": float("nan")})
    assert canonical({"b": 1, "a": [None, True]}) == b'{"a":[null,true],"b":1}'
