"""Killed with -9 at any moments, with any number of workers, a run ends with the rows of an undisturbed one."""

import json
import random
import time

import pytest
import yaml
from PIL import Image

from tests.safeladder.killing import begin, finish, kill, left_alive, media, outcome

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kill")]

KILLS = 10
LABELS = ("Safe with refusal", "Safe with warning", "Safe without risk", "Unsafe")


def describe(folder, slug, files, row):
    """A source of one's own: its description, beside the files."""
    value = {
        "slug": slug,
        "title": slug,
        "home": "here",
        "license": "Apache-2.0",
        "tier": "open",
        "citation": "none",
        "languages": ["en", "zh"],
        "label_origin": "human",
        "files": [{"glob": files, "rows": [row | {"task": "safety", "label": {"from": "label"}}]}],
    }
    path = folder / f"{slug}.yaml"
    path.write_text(yaml.safe_dump(value))
    return str(path)


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    """Three small sources, English, Chinese and pictures, and a part of the seed, up to a release with variants."""
    folder = tmp_path_factory.mktemp("sources")
    draw = random.Random(1)
    for n in range(6):
        rows = [
            {
                "q": f"How do I mend fence {n}-{i}?",
                "a": f"Take off {draw.random()}.",
                "label": draw.choice(LABELS),
            }
            for i in range(200)
        ]
        rows[7] |= {"label": "no such label"}
        write(folder / f"fences-{n}.jsonl", rows)
    for n in range(4):
        rows = [
            {"q": f"第{n}-{i}道篱笆怎么修?", "a": f"先拆下第{draw.random()}块木板。", "label": draw.choice(LABELS)}
            for i in range(200)
        ]
        write(folder / f"篱笆-{n}.jsonl", rows)
    shown = []
    for n in range(12):
        Image.new("RGB", (8 + n, 8)).save(folder / f"{n}.png")
        shown.append({"q": f"What is in picture {n}?", "a": "A black box.", "image": f"{n}.png", "label": LABELS[2]})
    write(folder / "shown.jsonl", [*shown, {**shown[0], "image": "nowhere.png"}])
    text = {"prompt": "q", "response": "a"}
    sources = [
        describe(folder, "fences", "fences-*.jsonl", text),
        describe(folder, "篱笆", "篱笆-*.jsonl", text),
        describe(folder, "shown", "shown.jsonl", text | {"images": ["image"]}),
        "seed",
    ]
    path = folder / "small.yaml"
    value = {"name": "small", "sources": sources, "synth": {"lifts_per_row": 0.02}, "verifier": None}
    path.write_text(yaml.safe_dump(value))
    return path


@pytest.fixture(scope="module")
def undisturbed(recipe, tmp_path_factory):
    """What a run that nobody disturbs leaves, and how many seconds it takes."""
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    process = begin(recipe, store, recipe.parent, workers=1)
    while not (store / "ledger.sqlite").exists():
        time.sleep(0.01)
    began = time.monotonic()
    finish(process)
    return outcome(store), media(store), time.monotonic() - began


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_ten_kills_at_any_moment_lose_and_double_nothing(workers, recipe, undisturbed, tmp_path):
    draw = random.Random(f"kills {workers}")
    rows, pictures, seconds = undisturbed
    killed = stores = 0
    while killed < KILLS:
        store, stores = tmp_path / f"store-{stores}", stores + 1
        while killed < KILLS:
            process = begin(recipe, store, recipe.parent, workers=workers)
            if draw.random() < 0.5:
                was_killed = kill(process, store, after=draw.uniform(0, seconds))
            else:
                was_killed = kill(process, store, files=draw.randint(1, 25))
            assert left_alive(process.pid) == []
            killed += was_killed
            if not was_killed:
                break
        finish(begin(recipe, store, recipe.parent, workers=draw.choice([1, 2, 4])))
        assert outcome(store) == rows and media(store) == pictures
        assert not list((store / "work").iterdir())
