"""Exchanges as they are published: role and content, ShareGPT, and dialogues in one text."""

import pytest

from catalog.ids import chat, sample_id
from tests.corpus.toy import describe, everything, lines, picture, texts


@pytest.fixture
def root(tmp_path):
    (tmp_path / "toy").mkdir()
    return tmp_path


def test_content_as_a_string_and_as_parts_gives_the_same_sample(root):
    (root / "toy/lock.png").write_bytes(picture())
    image = {"type": "image", "image": "lock.png"}
    reply = {"role": "assistant", "content": [{"type": "text", "text": "It is open."}]}
    lines(
        root,
        {
            "m": [
                {"role": "user", "content": "Two parts, one message."},
                {"role": "assistant", "content": "It is open."},
            ]
        },
        {
            "m": [
                {"role": "user", "content": [{"type": "text", "text": p} for p in ("Two parts, ", "one message.")]},
                reply,
            ]
        },
        {"m": [{"role": "user", "content": [image, {"type": "text", "text": "Open?", "image": None}]}, reply]},
    )
    rows, _, media, _ = everything(describe({"messages": "m"}), root)
    first = sample_id(chat("Two parts, one message.", "It is open."))
    third = sample_id(chat("Open?", "It is open.", images=[media[0][0]["media_id"]]))
    assert rows["sample_id"].to_list() == [first, first, third]


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (None, "no_messages"),
        ([], "no_messages"),
        (["hello"], "bad_message"),
        ([{"role": "narrator", "content": "x"}], "bad_message"),
        ([{"role": "user", "content": None}], "bad_message"),
        ([{"role": "user", "content": " "}], "empty_message"),
        ([{"role": "user", "content": [{"type": "video", "video": "x"}]}], "bad_message"),
        ([{"role": "assistant", "content": "x", "tool_calls": [{"name": "open"}]}], "bad_message"),
    ],
)
def test_messages_that_would_lose_something_are_rejected(root, messages, reason):
    lines(root, {"m": messages})
    _, rejections, _, _ = everything(describe({"messages": "m"}), root)
    assert rejections["reason"].to_list() == [reason]


HH = {"messages": {"dialogue": "chosen", "turns": {"Human": "user", "Assistant": "assistant"}}}


def test_a_dialogue_in_one_text_becomes_messages(root):
    lines(
        root,
        {"chosen": "\n\nHuman: How do\n\nlocks work?\n\nAssistant: With pins."},
        {"chosen": "\n\nHuman: 你好\n\nAssistant: 您好！\n\nHuman: 锁: 怎样换？\n\nAssistant: 先拆旧锁。 "},
    )
    rows, _, _, _ = everything(describe(HH), root)
    assert texts(rows) == [
        [("user", "How do\n\nlocks work?"), ("assistant", "With pins.")],
        [("user", "你好"), ("assistant", "您好！"), ("user", "锁: 怎样换？"), ("assistant", "先拆旧锁。 ")],
    ]
    lines(root, {"d": "人类：怎样换锁？\n\n助手：先拆旧锁。"})
    zh = {"messages": {"dialogue": "d", "turns": {"人类": "user", "助手": "assistant"}}}
    assert texts(everything(describe(zh), root)[0]) == [[("user", "怎样换锁？"), ("assistant", "先拆旧锁。")]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "null_dialogue"),
        (" ", "empty_dialogue"),
        ("no markers", "unparsed"),
        ("Intro\n\nHuman: x\n\nAssistant: y", "unparsed"),
        ("\n\nAssistant: x", "unparsed"),
        ("\n\nHuman: x\n\nHuman: y\n\nAssistant: z", "unparsed"),
        ("\n\nHuman: x\n\nAssistant:", "empty_message"),
    ],
)
def test_a_text_of_another_shape_is_rejected(root, text, reason):
    lines(root, {"chosen": text})
    assert everything(describe(HH), root)[1]["reason"].to_list() == [reason]


SHAREGPT = {
    "messages": {
        "list": "conversations",
        "role": "from",
        "text": "value",
        "turns": {"human": "user", "gpt": "assistant", "system": "system"},
    }
}


def test_turns_with_names_of_their_own_become_messages(root):
    turns = [{"from": "system", "value": "请用中文。"}, {"from": "human", "value": "锁？", "weight": 1}]
    lines(root, {"conversations": [*turns, {"from": "gpt", "value": "门锁。"}]})
    rows, _, _, _ = everything(describe(SHAREGPT), root)
    assert texts(rows) == [[("system", "请用中文。"), ("user", "锁？"), ("assistant", "门锁。")]]


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        (None, "no_messages"),
        ([], "no_messages"),
        (["x"], "bad_message"),
        ([{"from": "tool", "value": "x"}], "bad_message"),
        ([{"value": "x"}], "bad_message"),
        ([{"from": "human"}], "bad_message"),
        ([{"from": "human", "value": " "}], "empty_message"),
    ],
)
def test_turns_that_cannot_be_messages_are_rejected(root, turns, reason):
    lines(root, {"conversations": turns})
    assert everything(describe(SHAREGPT), root)[1]["reason"].to_list() == [reason]
