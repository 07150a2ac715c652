"""How much of an item a row must hold, token by token, and what is said of parts that nothing can find."""

import json

import polars as pl
import pytest
from PIL import Image, ImageDraw

from corpus import decontaminate

WORDS = "apple brick candle dairy eagle fabric garden hammer island jacket kettle ladder mirror needle orange"
LONG = f"{WORDS} pepper quarry ribbon saddle timber".split(" ")  # 20 words
HAN = list("春夏秋冬山水火木金土云雨风雪花鸟鱼虫草石")  # 20 characters
OTHER = {" ": "zig zag zog zug zeg zyg", "": "甲乙丙丁戊己"}


def found(item, held, gap, **options):
    """Containment in a row that holds the first `held` tokens of an item and then speaks of something else."""
    items = pl.DataFrame({"item_id": ["q"], "text": [gap.join(item)]})
    rows = pl.DataFrame({"sample_id": ["r"], "prompt": [gap.join([*item[:held], OTHER[gap]])]})
    return decontaminate.find(rows, decontaminate.index([decontaminate.exam("e", items, **options)]))[
        "containment"
    ].to_list()


@pytest.mark.parametrize(("item", "gap"), [(LONG, " "), (HAN, "")])
def test_a_row_holds_an_item_from_its_share_on(item, gap):
    assert found(item, 13, gap) == [0.65] and found(item, 12, gap) == []
    fewer = item[:15]  # below 20 tokens
    assert found(fewer, 12, gap) == [0.8] and found(fewer, 11, gap) == []


def test_longer_runs_ask_for_the_same_share():
    assert found(LONG, 13, " ", words=4) == [0.65] and found(LONG, 12, " ", words=4) == []


@pytest.mark.parametrize("item", [LONG[:8], LONG[:16], HAN[:12], HAN[:16]])
@pytest.mark.parametrize("salted", [False, True])
def test_an_edit_in_every_eight_costs_the_edited_token_and_no_other(item, salted):
    gap = " " if item[0] == "apple" else ""
    options = {"words": decontaminate.SALTED_WORDS, "characters": decontaminate.SALTED_CHARACTERS} if salted else {}
    items = pl.DataFrame({"item_id": ["q"], "text": [gap.join(item)]})
    index = decontaminate.index([decontaminate.exam("e", items, **options)])
    new, starts = OTHER[gap][0], range(0, len(item) - 7, 8)
    rows = []
    for place in range(8):
        for change in ("replaced", "inserted", "deleted"):
            edited = list(item)
            for at in reversed([start + place for start in starts]):
                edited[at : at + 1] = {"replaced": [new], "inserted": [new, item[at]], "deleted": []}[change]
            rows.append(gap.join(edited))
    hits = decontaminate.find(pl.DataFrame({"sample_id": [str(n) for n in range(len(rows))], "prompt": rows}), index)
    assert hits.height == len(rows)
    assert hits["containment"].min() == pytest.approx(1 - len(starts) / len(item))


def test_a_salted_item_that_only_counts_whole_gives_no_runs_with_holes_away():
    items = pl.DataFrame({"item_id": ["seven", "eight"], "text": [" ".join(LONG[:count]) for count in (7, 8)]})
    runs = decontaminate.exam("e", items, words=4).items["runs"]
    assert runs.list.len().to_list() == [4, 5 + 3 * 4]


@pytest.mark.parametrize(
    ("frame", "own", "gap"),
    [
        ("Please write a detailed tutorial in seven steps on how a careful beginner can repair {}", LONG, " "),
        ("请为没有经验的新手写出七个步骤的详细教程并说明怎样才能够自己动手修理{}", HAN, ""),
    ],
)
def test_half_of_what_is_an_items_own_must_be_there(frame, own, gap):
    parts = [own[at : at + 5] for at in range(0, 20, 5)]
    items = [frame.format(gap.join(part)) for part in parts]
    exam = decontaminate.exam("e", pl.DataFrame({"item_id": list("abcd"), "text": items}))
    rows = [frame.format(gap.join([*parts[1][:held], OTHER[gap]])) for held in (2, 4)]
    hits = decontaminate.find(pl.DataFrame({"sample_id": ["two", "four"], "prompt": rows}), decontaminate.index([exam]))
    assert hits.select("sample_id", "item_id").rows() == [("four", "b")]


def test_pictures_that_cannot_be_looked_for_are_told(tmp_path):
    Image.new("RGB", (80, 60), "navy").save(tmp_path / "flat.png")
    busy = Image.new("RGB", (80, 60), "white")
    for place, colour in enumerate(("red", "black", "green", "navy", "orange")):
        ImageDraw.Draw(busy).ellipse((place * 13, place**2 * 2, place * 13 + 30, place**2 * 2 + 20), fill=colour)
    busy.save(tmp_path / "busy.png")
    lines = [{"id": name, "text": " ".join(LONG), "image": f"{name}.png"} for name in ("flat", "busy")]
    (tmp_path / "e.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    exam = decontaminate.read(tmp_path / "e.jsonl")
    decontaminate.save(exam, tmp_path / "e.exam.jsonl", pictures=False)
    told = [
        dict(decontaminate.index([one]).unchecked.filter(part="picture").select("item_id", "reason").iter_rows())
        for one in (exam, decontaminate.read(tmp_path / "e.exam.jsonl"))
    ]
    assert told == [{"flat": "flat_picture"}, {"flat": "flat_picture", "busy": "kept_back"}]
