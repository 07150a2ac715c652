"""Content as a string or as parts, with and without a picture: one shape inside, outside the one that is asked for."""

import io
import json

import pytest
from PIL import Image

from catalog import shards

MESSAGES = {
    "plain": [{"role": "user", "content": "锁开着吗？"}, {"role": "assistant", "content": "关着。"}],
    "shown": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "image", "image": "a.png"}, {"type": "text", "text": "Open?"}]},
        {"role": "assistant", "content": "It is open."},
    ],
    "cut": [
        {"role": "user", "content": [{"type": "text", "text": "Two parts, "}, {"type": "text", "text": "one text."}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Noted."}]},
    ],
    "between": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "这张"},
                {"type": "image", "image": "b.jpg"},
                {"type": "text", "text": "和这张"},
                {"type": "image", "image": "a.png"},
            ],
        },
        {"role": "assistant", "content": "不同。"},
    ],
}


@pytest.fixture
def store(describe, ingested, release):
    row = {"messages": "messages", "source_id": "id", "task": "safety", "unsafe": False}
    path = describe(row, records=[{"id": name, "messages": messages} for name, messages in MESSAGES.items()])
    Image.new("RGB", (5, 4), "navy").save(path.parent / "a.png")
    Image.new("RGB", (6, 4), "red").save(path.parent / "b.jpg")
    store = ingested(path)
    release(store)
    return store


def exported(store, folder, format):
    """Rows by the name of the record that they came from."""
    shards.export(store, "all", folder, format=format)
    names = dict(store.read("occurrences").select("sample_id", "source_id").iter_rows())
    rows = [json.loads(line) for path in (folder / "data").iterdir() for line in path.read_text().splitlines()]
    return {names[row["sample_id"]]: row for row in rows}


def test_parts_hold_what_they_are_and_no_other_key(store, tmp_path):
    rows = exported(store, tmp_path / "out", "jsonl")
    assert set(rows) == set(MESSAGES)
    keys = [
        [sorted(part) for part in message["content"]]
        for message in rows["between"]["messages"] + rows["cut"]["messages"]
    ]
    image, text = ["image", "type"], ["text", "type"]
    assert keys == [[text, image, text, image], [text], [text], [text]]
    assert rows["cut"]["messages"][0]["content"] == [{"type": "text", "text": "Two parts, one text."}]
    assert [message["role"] for message in rows["shown"]["messages"]] == ["system", "user", "assistant"]


def test_strings_hold_one_placeholder_for_each_picture_where_it_stands(store, tmp_path):
    rows = exported(store, tmp_path / "out", "chat")
    said = {name: [message["content"] for message in row["messages"]] for name, row in rows.items()}
    assert said == {
        "plain": ["锁开着吗？", "关着。"],
        "shown": ["Be brief.", "<image>Open?", "It is open."],
        "cut": ["Two parts, one text.", "Noted."],
        "between": ["这张<image>和这张<image>", "不同。"],
    }
    kinds = {name: [path.rpartition(".")[2] for path in row["images"]] for name, row in rows.items()}
    assert kinds == {"plain": [], "shown": ["png"], "cut": [], "between": ["jpg", "png"]}
    for row in rows.values():
        for path in row["images"]:
            Image.open(io.BytesIO((tmp_path / "out" / path).read_bytes())).load()


def test_an_export_is_a_source_again_with_the_same_ids_and_the_same_pictures(store, describe, ingested, tmp_path):
    exported(store, tmp_path / "out", "jsonl")
    row = {
        "messages": "messages",
        "source_id": "sample_id",
        "task": "safety",
        "unsafe": {"from": "unsafe", "map": {"true": True, "false": False}},
    }
    again = ingested(describe(row, folder="out", glob="data/*.jsonl"), into="again")
    assert set(again.read("samples")["sample_id"]) == set(store.read("samples")["sample_id"])
    assert set(again.read("media")["media_id"]) == set(store.read("media")["media_id"])
    assert again.read("rejections").is_empty() and again.read("annotations").height == len(MESSAGES)
