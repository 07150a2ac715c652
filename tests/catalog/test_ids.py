import hashlib
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from catalog import chat, digest, media_id, prompt_id, sample_id
from catalog.ids import canonical

# Whatever UTF-8 can carry: NUL, combining and bidi characters, line separators, noncharacters, all planes.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
LONE = st.builds(lambda a, s, b: a + s + b, TEXT, st.characters(categories=["Cs"]), TEXT)
PART = st.builds(lambda text: {"type": "text", "text": text}, TEXT) | st.builds(
    lambda data: {"type": "image", "media_id": media_id(data)}, st.binary(max_size=2)
)
ROLE = st.sampled_from(["system", "user", "assistant", "tool"])
MESSAGE = st.fixed_dictionaries({"role": ROLE, "content": st.lists(PART, max_size=4)})
MESSAGES = st.lists(MESSAGE, max_size=5)
# Few enough that two draws are often the same, or the same text cut into parts and messages in another way.
TIGHT = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["user", "assistant"]),
            "content": st.lists(
                st.builds(lambda text: {"type": "text", "text": text}, st.text("ab", max_size=2))
                | st.builds(lambda name: {"type": "image", "media_id": name}, st.sampled_from("ab")),
                max_size=2,
            ),
        }
    ),
    max_size=2,
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def in_order(value, of_keys):
    """The same value with the keys of every dict in an order of its own."""
    if isinstance(value, dict):
        return {key: in_order(value[key], of_keys) for key in of_keys(list(value))}
    return [in_order(item, of_keys) for item in value] if isinstance(value, list) else value


def any_order(data):
    return lambda keys: data.draw(st.permutations(keys))


@pytest.mark.parametrize(
    ("messages", "sample", "prompt"),
    [
        (
            chat("What is 1 + 1?", "2"),
            "d9ed43e4fccfa5272de6af95c8cbe6f3efa3614431d9c2b0b11920ef5d20a897",
            "635553f5462ba18f439b0add7b291519362caa7fe9b9e0e87bbd7168013dc8c0",
        ),
        (
            chat("这张图里写着什么？\0e\u0301\u2028\u202e👩\u200d👧", "好的", images=[media_id(b"picture")]),
            "3031980178b7dfac3e0d774554059123ff9425044fafdf6ce847cc1e42279ac0",
            "9dc006095866d46e1da7d70df06974168a4a0e1be1cfd9ccc160815d3fe229cd",
        ),
    ],
)
def test_ids_are_the_same_for_ever(messages, sample, prompt):
    """Written out: a store of years ago must still know its rows."""
    assert (sample_id(messages), prompt_id(messages)) == (sample, prompt)


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


@given(MESSAGES, MESSAGE, MESSAGE)
def test_whatever_the_last_reply_is_the_prompt_is_what_stands_before_it(asked, one, other):
    replied = [[*asked, message | {"role": "assistant"}] for message in (one, other)]
    assert prompt_id(replied[0]) == prompt_id(replied[1]) == sample_id(asked)
    unanswered = [*asked, one | {"role": "user"}]
    assert prompt_id(unanswered) == sample_id(unanswered)


@given(MESSAGES, st.data())
def test_key_order_and_extra_keys_of_messages_and_parts_change_nothing(messages, data):
    more = [
        message
        | {"label": "Unsafe", "content": [{"text": None, "media_id": None} | part for part in message["content"]]}
        for message in messages
    ]
    turned = in_order(more, any_order(data))
    assert (sample_id(turned), prompt_id(turned)) == (sample_id(messages), prompt_id(messages))


@given(TIGHT, TIGHT)
def test_exchanges_differ_exactly_when_their_ids_differ(left, right):
    assert (sample_id(left) == sample_id(right)) == (left == right)


@given(MESSAGES, TEXT, st.data())
def test_another_text_anywhere_is_another_sample(messages, text, data):
    places = [(m, p) for m, message in enumerate(messages) for p in range(len(message["content"]))]
    assume(places)
    m, p = data.draw(st.sampled_from(places))
    new = {"type": "text", "text": text}
    assume(messages[m]["content"][p] != new)
    content = [*messages[m]["content"][:p], new, *messages[m]["content"][p + 1 :]]
    assert sample_id([*messages[:m], messages[m] | {"content": content}, *messages[m + 1 :]]) != sample_id(messages)


@given(TEXT, TEXT)
def test_texts_differ_exactly_when_their_ids_differ(left, right):
    assert (sample_id(chat(left)) == sample_id(chat(right))) == (left == right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("\u00e9", "e\u0301"),
        ("\uac00", "\u1100\u1161"),
        ("A", "\uff21"),
        ("a", "a\u200b"),
        ("ab", "a\0b"),
        ("a", "\u0430"),
        ("一", "\u2f00"),
        ("", "\ufeff"),
    ],
)
def test_texts_that_look_alike_are_not_alike(left, right):
    assert left != right and sample_id(chat(left)) != sample_id(chat(right))


@given(VALUE, st.data())
def test_a_canonical_form_says_all_of_its_value_and_nothing_of_the_order_of_keys(value, data):
    """Read back it is the value, types included; so no two values share one."""
    written = canonical(value)
    assert written == canonical(in_order(value, any_order(data)))
    assert repr(in_order(json.loads(written), sorted)) == repr(in_order(value, sorted))
    assert digest(value) == hashlib.sha256(written).hexdigest()


@given(LONE, st.sampled_from(["text", "role", "media_id"]))
def test_a_lone_surrogate_has_no_id_wherever_it_stands(text, place):
    part = {"type": "image", "media_id": text} if place == "media_id" else {"type": "text", "text": text}
    messages = [
        {"role": text if place == "role" else "user", "content": [part if place != "role" else {**part, "text": ""}]}
    ]
    for make in (sample_id, prompt_id, digest):
        with pytest.raises(ValueError, match="lone surrogate"):
            make(messages)


def test_a_lone_surrogate_is_refused_without_repeating_the_text():
    with pytest.raises(ValueError, match="lone surrogate") as caught:
        sample_id(chat("secret \ud800 words"))
    assert "secret" not in str(caught.value)


def test_numbers_that_are_not_finite_are_refused():
    for number in (float("nan"), float("inf"), -float("inf")):
        with pytest.raises(ValueError):
            digest({"x": number})
    assert canonical({"b": 1, "a": [None, True]}) == b'{"a":[null,true],"b":1}'
