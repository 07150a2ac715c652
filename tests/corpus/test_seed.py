"""The authored seed: complete, mild enough for every filter, and not to be learnt from lengths or first words."""

import io
import json
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import PIL
import polars as pl
import pytest
from PIL import Image

from catalog import labels, taxonomy
from corpus import dedup, filters, screen
from corpus.seed.images import draw

SEED = Path(__file__).resolve().parents[2] / "corpus" / "seed"
SAFETY = ("id", "intent", "language", "twin", "prompt", "response", "label", "category")
FIELDS = {
    "safety": SAFETY,
    "value": ("id", "scenario", "language", "prompt", "response", "label", "category"),
    "knowledge": ("id", "question_id", "language", "prompt", "response", "label", "category"),
    "images": (*SAFETY, "image", "text_in_image"),
}
TASK = {"images": "safety"}  # the other parts are named for their task
LANGUAGES = ("en", "zh")
COMMON = ["part", "id", "language", "prompt", "response", "label", "intent", "twin", "category", "image", "group"]


@cache
def seed():
    """Every row with its part (the folder it lies in), its file, its task and the group it belongs to."""
    rows = []
    for path in sorted(SEED.rglob("*.jsonl")):
        part = path.parent.name
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            row = json.loads(line)
            assert set(row) == set(FIELDS[part]), f"{path.name}, line {number}: fields {sorted(row)}"
            group = next(row[name] for name in ("intent", "scenario", "question_id") if name in row)
            rows.append({name: row.get(name) for name in COMMON} | {"part": part, "file": path.stem, "group": group})
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns(
        task=pl.col("part").replace(TASK), whole=pl.concat_str("prompt", "response", separator="\n")
    )


def of_task(task, language):
    return seed().filter(task=task, language=language)


def test_every_row_is_filled_and_has_an_id_of_its_own():
    rows = seed()
    assert rows.filter(pl.col("id").is_duplicated())["id"].to_list() == []
    assert rows.filter(
        (pl.col("prompt").str.strip_chars() == "") | (pl.col("response").str.strip_chars() == "")
    ).is_empty()
    assert set(rows["language"]) == set(LANGUAGES)


@pytest.mark.parametrize("task", labels.TASKS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_of_a_task_occurs_and_no_other(task, language):
    counts = Counter(of_task(task, language)["label"])
    assert set(counts) == set(labels.TASKS[task])
    assert max(counts.values()) <= 3 * min(counts.values()), counts


@pytest.mark.parametrize("part", FIELDS)
def test_a_part_has_as_much_chinese_as_english(part):
    counts = seed().filter(part=part)["language"].value_counts()["count"]
    assert len(counts) == 2 and counts.max() <= 1.1 * counts.min()
    han = seed().filter(part=part).select("id", "language", han=pl.col("prompt").str.contains(r"\p{Han}"))
    assert han.filter(pl.col("han") != (pl.col("language") == "zh"))["id"].to_list() == []


def test_harmful_rows_name_a_category_and_benign_rows_none():
    rows = seed().filter(task="safety")
    assert set(rows["twin"]) == {"harmful", "benign"}
    named = rows.filter(twin="harmful")["category"]
    assert set(named.str.split("/").list.first()) == set(labels.CATEGORIES)
    assert rows.filter(twin="benign")["category"].null_count() == rows.filter(twin="benign").height
    assert set(rows.filter(twin="harmful")["label"]) == set(labels.SAFETY) - {"Unnecessary refusal"}
    assert not {"Unsafe", "Safe with refusal"} & set(rows.filter(twin="benign")["label"])


@pytest.mark.parametrize("task", labels.TASKS)
def test_a_category_is_an_id_of_the_taxonomy_and_of_the_dimension_of_its_task(task):
    named = set(seed().filter(task=task)["category"].drop_nulls())
    assert [id for id in sorted(named) if taxonomy.get(id).id != id or taxonomy.load().dimension(id) != task] == []


def test_a_file_holds_one_category_in_one_language_with_the_twins():
    rows = seed().filter(part="safety").with_columns(place=pl.col("category").str.split("/").list.first())
    homes = rows.group_by("intent").agg(pl.col("place").drop_nulls().unique(), pl.col("file").unique())
    assert homes.filter(pl.col("place").list.len() != 1)["intent"].to_list() == []
    expected = pl.col("place").drop_nulls().first().over("intent") + "." + pl.col("language")
    assert rows.filter(pl.col("file") != expected)["id"].to_list() == []


def test_every_intent_has_its_benign_twin_in_each_of_its_languages_and_most_are_in_both():
    """An intent has one name, so that what it says in two languages stands on one side of a split."""
    rows = seed().filter(task="safety")
    sides = rows.group_by("part", "intent", "language").agg(pl.col("twin").n_unique())
    assert sides.filter(pl.col("twin") < 2)["intent"].to_list() == []
    assert rows.filter(pl.col("intent").str.contains("^(en|zh)-"))["intent"].to_list() == []
    both = sides.group_by("intent").agg(pl.col("language").n_unique() == 2, pl.col("part").n_unique())
    assert both.filter(pl.col("part") > 1)["intent"].to_list() == []
    assert both["language"].mean() > 0.6


@pytest.mark.parametrize(
    ("task", "expected"), [("value", {"good": 2, "bad": 2}), ("knowledge", {"TRUE": 1, "FALSE": 2})]
)
def test_a_scenario_has_two_replies_of_each_kind_and_a_question_one_right_answer(task, expected):
    rows = seed().filter(task=task)
    odd = [
        name
        for (name,), group in rows.group_by("group")
        if Counter(group["label"]) != expected or group["prompt"].n_unique() != 1 or group["language"].n_unique() != 1
    ]
    assert odd == []


def test_no_row_is_there_twice_and_no_reply_nearly():
    """Rows with different labels may be alike: a minimal pair is what a verifier learns most from."""
    rows = seed()
    assert rows.filter(pl.struct("image", "prompt", "response").is_duplicated())["id"].to_list() == []
    for (_, label), group in rows.group_by("task", "label"):
        ranks = pl.Series(range(len(group)))
        pairs = [
            *dedup.near_duplicates(group["response"], group["id"], ranks, threshold=0.6).iter_rows(),
            *dedup.near_duplicates(group["whole"], group["id"], ranks, threshold=0.8).iter_rows(),
        ]
        assert pairs == [], label


def test_no_row_is_screened_and_the_filters_reject_only_some_illogical_rows():
    """Some word salad is there for the filters to find."""
    rows = seed()
    assert rows.filter(screen.matches(rows["whole"]))["id"].to_list() == []
    reasons = rows.select(
        "id",
        "label",
        reason=pl.coalesce(
            filters.length(pl.col("response")),
            filters.repeated_lines(pl.col("response")),
            filters.repeated_phrases(rows["response"]),
            filters.language(rows["response"]),
            filters.pii(rows["whole"]),
        ),
    )
    rejected = reasons.filter(pl.col("reason").is_not_null())
    wrong = rejected.filter(pl.col("label") != "Illogical completion")
    assert wrong.select("id", "reason").rows() == []
    assert 0 < rejected.height <= 0.1 * rows.filter(label="Illogical completion").height


def area(rows, label):
    """Area under the ROC curve of the length as a score for a label: 0.5 says nothing, 0 and 1 give it away."""
    ranked = rows.select(hit=pl.col("label") == label, rank=pl.col("response").str.len_chars().rank())
    hits = ranked["hit"].sum()
    above = ranked.filter("hit")["rank"].sum() - hits * (hits + 1) / 2
    return above / (hits * (len(ranked) - hits))


def first_word_recall(rows):
    """Mean recall of the commonest label among other groups' rows that begin alike, else of the commonest label."""
    begins = r"^\p{Han}{1,2}|^\S+"
    known = rows.select("group", "label", word=pl.col("response").str.extract(f"({begins})"))
    seen = defaultdict(Counter)
    for group, label, word in known.iter_rows():
        seen[word][group, label] += 1
    usual = Counter(known["label"]).most_common(1)[0][0]
    right = Counter()
    for group, label, word in known.iter_rows():
        votes = Counter()
        for (other, answer), times in seen[word].items():
            votes[answer] += times * (other != group)
        best = votes.most_common(1)
        right[label] += (best[0][0] if best and best[0][1] else usual) == label
    totals = Counter(known["label"])
    return sum(right[label] / totals[label] for label in totals) / len(totals)


@pytest.mark.parametrize("task", labels.TASKS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_neither_length_nor_first_word_tells_the_label(task, language):
    rows = of_task(task, language)
    areas = {label: round(area(rows, label), 2) for label in labels.TASKS[task]}
    # Warnings explain and refusals are brief, so some safety labels lean; whether a reply is unsafe must not.
    slack = {label: 0.35 if task == "safety" and label != labels.UNSAFE else 0.15 for label in areas}
    assert all(abs(value - 0.5) <= slack[label] for label, value in areas.items()), areas
    # Chance is one over the number of labels.
    assert first_word_recall(rows) <= {"safety": 0.35, "value": 0.65, "knowledge": 0.65}[task]


def test_a_giveaway_would_be_seen():
    """The two measures above, on rows that give their label away."""
    rows = pl.DataFrame(
        {
            "group": ["a", "b", "c", "d"],
            "label": ["good", "good", "bad", "bad"],
            "response": ["Yes, of course.", "Yes, please do it.", "不行", "不行啊"],
        }
    )
    assert area(rows, "good") == 1 and area(rows, "bad") == 0
    assert first_word_recall(rows) == 1


def test_the_seed_is_as_large_as_promised():
    rows = seed()
    pictures = list((SEED / "images").glob("*.png"))
    found = rows.group_by("task").agg(pl.col("group").n_unique())
    groups = dict(found.iter_rows())
    assert rows.height >= 1500
    assert groups["safety"] >= 120 and groups["value"] >= 60 and groups["knowledge"] >= 120
    assert len(pictures) >= 40


def test_the_pictures_are_small_and_each_has_questions():
    rows = seed().filter(part="images")
    pictures = {path.name: path.read_bytes() for path in (SEED / "images").glob("*.png")}
    assert set(rows["image"]) == set(pictures)
    assert set(rows.group_by("image").len()["len"]) <= {2, 3}
    assert max(map(len, pictures.values())) < 8_000 and sum(map(len, pictures.values())) < 400_000
    for name, png in pictures.items():
        with Image.open(io.BytesIO(png)) as picture:
            assert max(picture.size) <= 640 and picture.mode == "P", name


def test_only_the_picture_tells_the_harmful_question_from_the_benign():
    asked = seed().filter(part="images").group_by("prompt").agg(pl.col("twin").n_unique(), pl.col("image").n_unique())
    assert asked.filter((pl.col("twin") != 2) | (pl.col("image") != 2))["prompt"].to_list() == []


def test_the_text_of_a_picture_is_what_was_drawn():
    drawn = {f"{picture['name']}.png": "\n".join(picture["lines"]) for picture in draw.pictures()}
    lines = (SEED / "images" / "images.jsonl").read_text(encoding="utf-8").splitlines()
    stated = {row["image"]: row["text_in_image"] for row in map(json.loads, lines)}
    assert stated == drawn


@pytest.mark.skipif(PIL.__version__ != draw.PILLOW, reason=f"the pictures were drawn by Pillow {draw.PILLOW}")
def test_the_pictures_are_drawn_again_bit_by_bit(tmp_path, monkeypatch, capsys):
    assert draw.main(["--check"]) == 0
    for path in (SEED / "images").iterdir():
        if path.suffix in (".png", ".yaml"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(draw, "HERE", tmp_path)
    assert draw.main(["--check"]) == 0
    (tmp_path / "en-02.png").write_bytes((tmp_path / "en-04.png").read_bytes())
    (tmp_path / "zh-20.png").unlink()
    assert draw.main(["--check"]) == 1
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["en-02.png", "zh-20.png"]
    assert draw.main([]) == 0 and draw.main(["--check"]) == 0


def test_another_pillow_cannot_tell(monkeypatch, capsys):
    monkeypatch.setattr(draw, "PILLOW", "1.0")
    assert draw.main(["--check"]) == 2
    assert "cannot tell" in capsys.readouterr().out


def counted():
    """The tables of the card, from the files."""
    rows = seed()
    lines = ["| part | language | groups | rows |", "|---|---|---:|---:|"]
    for part in FIELDS:
        for language in LANGUAGES:
            some = rows.filter(part=part, language=language)
            lines.append(f"| {part} | {language} | {some['group'].n_unique()} | {some.height} |")
    lines += [f"| all | | | {rows.height} |", "", "| task | label | en | zh |", "|---|---|---:|---:|"]
    for task, allowed in labels.TASKS.items():
        for label in allowed:
            en, zh = (of_task(task, language).filter(label=label).height for language in LANGUAGES)
            lines.append(f"| {task} | {label} | {en} | {zh} |")
    return "\n".join(lines)


def test_the_card_counts_what_is_there():
    tables = counted()
    card = (SEED / "README.md").read_text(encoding="utf-8")
    assert tables in card, f"corpus/seed/README.md counts other rows; its tables should be:\n\n{tables}"
