"""The benchmark of decontamination: its edits are as light as it says, and what it calls false is."""

import importlib.util
import random
import sys
from pathlib import Path

import polars as pl
import pytest

from corpus import decontaminate

ROOT = Path(__file__).resolve().parents[2]
EN = "A ferry leaves the northern harbour at seven and returns before the tide turns so visitors stay for an hour"


@pytest.fixture(scope="module")
def benchmark():
    path = list(sys.path)
    spec = importlib.util.spec_from_file_location("benchmark_decontaminate", ROOT / "benchmarks" / "decontaminate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path[:] = path
    return module


@pytest.mark.parametrize(("text", "gap"), [(EN, " "), ("渡船早上七点离开北边的港口并且在退潮以前返回", "")])
def test_one_token_in_every_eight_is_edited(benchmark, text, gap):
    tokens = text.split(gap) if gap else list(text)
    for seed in range(20):
        left = benchmark.edited(text, random.Random(seed))
        changed = sum(token not in (left.split(gap) if gap else left) for token in set(tokens))
        assert left != text and changed <= len(tokens) // benchmark.EVERY


def test_a_hit_whose_words_stand_in_another_order_is_false(benchmark):
    items = pl.DataFrame({"item_id": ["q"], "text": [EN]})
    words = EN.split(" ")
    shuffled = " ".join([*words[15:20], *words[10:15], *words[5:10], *words[:5]])
    rows = pl.DataFrame(
        {"sample_id": ["whole", "shuffled", "near"], "prompt": [EN, shuffled, EN.replace("tide", "sea")]}
    )
    hits = decontaminate.find(rows, decontaminate.index([decontaminate.exam("e", items)]))
    assert hits["kind"].to_list() == ["verbatim", "near", "near"]
    assert benchmark.false_rows(hits, rows, {"e": items}) == 1
