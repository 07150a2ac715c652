"""Texts and pictures of exams are found in rows, plain or salted; what tells nothing apart is said, never passed."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from corpus import decontaminate
from corpus.decontaminate.hashing import run_hash
from corpus.pictures import signals
from corpus.readers import ReadError

EN = "The ferry leaves the northern harbour at seven and returns before the tide turns so how long may a visitor stay"
ZH = "渡船早上七点离开北边的港口并且在退潮以前返回请问一位游客最多可以在岛上停留多久"


def exam_of(*texts, name="quiz", **options):
    items = pl.DataFrame({"item_id": [f"q{number}" for number in range(len(texts))], "text": list(texts)})
    return decontaminate.exam(name, items, **options)


def hits(index, *texts, column="prompt"):
    rows = pl.DataFrame({"sample_id": [str(n) for n in range(len(texts))], column: list(texts)})
    return decontaminate.find(rows, index)


def test_the_hash_is_siphash():
    key = np.frombuffer(bytes(range(16)), np.uint64)
    word = np.frombuffer(bytes(range(8)), np.uint64)
    assert run_hash(word, 0, 1, 0, *key) == 0x93F5F5799A932462  # 8 bytes: the ninth test vector of its authors


@pytest.mark.parametrize(
    "text",
    [
        EN.replace("ferry", "boat").replace("turns", "changes"),
        EN.replace("returns", "then returns").replace("so ", ""),
        ZH.replace("早上", "清晨").replace("停留", "逗留"),
    ],
)
def test_a_lightly_edited_item_is_near(text):
    found = hits(decontaminate.index([exam_of(EN, ZH)]), text)
    assert found["kind"].to_list() == ["near"] and 0.65 <= found["containment"][0] < 1


def test_accents_width_and_invisible_characters_do_not_hide_an_item():
    hidden = EN.replace("ferry", "fe\u200brry").replace("tide", "tíde").replace("seven", "ｓｅｖｅｎ")
    assert hits(decontaminate.index([exam_of(EN)]), hidden)["kind"].to_list() == ["verbatim"]


def test_a_frame_that_items_share_is_no_hit():
    things = ["copper kettles", "paper lanterns", "garden gnomes", "winter coats", "wooden spoons", "river stones"]
    frame = "Please write a detailed tutorial in seven steps on how a careful beginner can repair {}"
    index = decontaminate.index([exam_of(*(frame.format(thing) for thing in things))])
    found = hits(index, frame.format("tin whistles"), f"Well: {frame.format('winter coats')}.")
    assert found.select("sample_id", "item_id").rows() == [("1", "q3")]


def test_items_too_short_to_check_are_told_and_short_ones_are_found_whole_only():
    index = decontaminate.index([exam_of("hello", "你好吗", "Where do herons sleep?", "…")])
    told = index.unchecked.select("item_id", "reason").rows()
    assert told == [(name, "too_short_to_check") for name in ("q0", "q1", "q3")]
    found = hits(index, "hello", "Tell me: where do herons sleep", "Where do old herons sleep?")
    assert found["sample_id"].to_list() == ["1"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=80) | st.just(EN) | st.just(f"前{ZH}後"), min_size=1, max_size=6))
def test_what_is_found_in_a_row_does_not_depend_on_the_others(texts):
    index = decontaminate.index([exam_of(EN, ZH)])
    together = hits(index, *texts)
    alone = [hits(index, text).with_columns(sample_id=pl.lit(str(n))) for n, text in enumerate(texts)]
    assert together.equals(pl.concat(alone))


def test_ocr_text_is_of_its_own_kind_and_null_text_holds_nothing():
    found = hits(decontaminate.index([exam_of(EN)]), None, EN, column="ocr")
    assert found.select("sample_id", "column", "kind").rows() == [("1", "ocr", "ocr")]


def test_a_salted_exam_finds_the_same_and_holds_no_text(tmp_path):
    salted = exam_of(EN, ZH, salt=bytes(range(16)), words=4, characters=5)
    decontaminate.save(salted, tmp_path / "quiz.exam.jsonl")
    written = (tmp_path / "quiz.exam.jsonl").read_text(encoding="utf-8")
    assert "ferry" not in written and "渡船" not in written
    index = decontaminate.index([decontaminate.read(tmp_path / "quiz.exam.jsonl"), exam_of(EN, name="plain")])
    found = hits(index, EN.upper(), " ".join(ZH), "A ferry ride to the island takes how long?")
    assert found.select("sample_id", "exam").rows() == [("0", "quiz"), ("0", "plain"), ("1", "quiz")]
    assert (salted.items["runs"].explode() == exam_of(EN, ZH, words=4, characters=5).items["runs"].explode()).sum() == 0


def test_an_exam_that_cannot_be_read_whole_is_refused(tmp_path):
    (tmp_path / "e.jsonl").write_text('{"id": "a", "text": "x"}\n{"id": "b"}\n')
    with pytest.raises(ReadError, match="record 2"):
        decontaminate.read(tmp_path / "e.jsonl")
    with pytest.raises(ValueError, match="id of their own"):
        decontaminate.exam("e", pl.DataFrame({"item_id": ["a", "a"], "text": [EN, ZH]}))
    with pytest.raises(ValueError, match="16 bytes"):
        exam_of(EN, salt=b"short")


def drawing(seed, size=(320, 240)):
    image, random = Image.new("RGB", size, "white"), np.random.default_rng(seed)
    for _ in range(25):
        x, y, w, h = random.integers(0, [size[0], size[1], 120, 90])
        ImageDraw.Draw(image).ellipse((x, y, x + w, y + h), fill=tuple(random.integers(0, 256, 3).tolist()))
    return image


def test_pictures_are_found_resized_recompressed_in_a_canvas_and_cut(tmp_path):
    for number in range(3):
        drawing(number).save(tmp_path / f"{number}.png")
    lines = [{"id": f"p{n}", "text": "What is shown in this picture here?", "image": f"{n}.png"} for n in range(3)]
    (tmp_path / "see.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    index = decontaminate.index([decontaminate.read(tmp_path / "see.jsonl")])
    assert index.unchecked["reason"].to_list() == ["shared_text"] * 3
    canvas = Image.new("RGB", (500, 400), "navy")
    canvas.paste(drawing(1), (60, 90))
    drawing(0).resize((200, 150)).save(tmp_path / "small.jpg", quality=60)
    canvas.save(tmp_path / "canvas.png")
    drawing(2).crop((16, 12, 320, 240)).save(tmp_path / "cut.png")
    drawing(9).save(tmp_path / "other.png")
    names = ["small.jpg", "canvas.png", "cut.png", "other.png"]
    seen = signals((name, (tmp_path / name).read_bytes()) for name in names)
    rows = pl.DataFrame({"sample_id": names, "images": [[name] for name in names], "prompt": lines[0]["text"]})
    found = decontaminate.find(rows, index, signals=seen)
    assert found.select("sample_id", "item_id").rows() == list(zip(names[:3], ["p0", "p1", "p2"], strict=True))
    assert set(found["kind"]) == {"picture"}


def test_pictures_that_are_known_to_show_other_words_are_no_match(tmp_path):
    drawing(0).save(tmp_path / "page.png")
    drawing(0).resize((200, 150)).save(tmp_path / "copy.png")
    items = signals([("q", (tmp_path / "page.png").read_bytes())]).select(
        item_id="media_id", text=pl.lit(None, pl.String), picture="hash", inner="inner", small="small"
    )
    shown = {"en": "Steps to fold a paper boat.\n1.\n2.\n3.", "zh": "折一只纸船的步骤如下：\n一、\n二、\n三、"}
    told = {
        "same": "Steps to fold a paper boat.", "misread": "Stepstofo1dapaperboat.\n1.\n2.",
        "cut": "to fold a paper boat",
        "unknown": None, "unread": "…", "other": "Steps to paint a garden gnome.\n1.\n2.\n3.",
        "zh": "折 一只纸船 的步骤如下", "zh_other": "画一个花园矮人的方法如下：\n一、\n二、\n三、",
    }  # fmt: skip
    seen = signals((name, (tmp_path / "copy.png").read_bytes()) for name in told)
    rows = pl.DataFrame({"sample_id": list(told), "images": [[name] for name in told]})
    seen = seen.with_columns(text=pl.Series(list(told.values())))
    found = {}
    for language, text in {**shown, "none": None}.items():
        exam = decontaminate.exam("see", items.with_columns(shown=pl.lit(text, pl.String)))
        found[language] = decontaminate.find(rows, decontaminate.index([exam]), signals=seen)["sample_id"].to_list()
    assert found == {
        "en": ["same", "misread", "cut", "unknown", "unread"],
        "zh": ["unknown", "unread", "zh"],
        "none": list(told),
    }
