"""The benchmark of what cleaning buys, on rows made up here and on the seed corpus with a tiny encoder."""

import importlib.util
import string
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from verifiers import VerifierConfig

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = "The ferry to the northern island leaves at seven and comes back before the tide turns {}"
CHINESE = "开往北边小岛的渡船早上七点离开港口，并且总是赶在退潮以前回来，这是第{}班船。"


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("benchmark_cleaning", ROOT / "benchmarks" / "cleaning.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def config(tmp_path):
    """A BERT of one small layer that reads letters and Chinese characters."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    letters = [*string.ascii_lowercase, *string.digits]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters)]
    tokens += [*string.punctuation, *map(chr, range(0x4E00, 0x9FA6))]
    folder = tmp_path / "backbone"
    BertTokenizerFast(vocab={token: i for i, token in enumerate(tokens)}).save_pretrained(folder)
    shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    BertModel(BertConfig(vocab_size=len(tokens), **shape)).save_pretrained(folder)
    return VerifierConfig(backbone=str(folder), frozen_layers=0, epochs=1)


def table(*rows):
    """Rows of id, split, language, whether unsafe, cluster, reply, and line of the one file."""
    columns = ("sample_id", "split", "language", "unsafe", "cluster_id", "response", "line")
    made = pl.DataFrame(rows, schema=columns, orient="row")
    return made.with_columns(prompt=pl.lit(""), label=pl.lit(None, pl.String), file=pl.lit("shelf.jsonl"))


def row(name, split, reply, *, cluster=None, line=0, language="en", unsafe=False):
    return (name, split, language, unsafe, cluster or name, reply, line)


@pytest.mark.parametrize("sentence", [ENGLISH, CHINESE])
def test_a_row_is_a_copy_where_prompt_and_reply_are_nearly_the_same(benchmark, tmp_path, sentence):
    known = table(row("a", "train", sentence.format(1) * 3), row("b", "train", "What may be kept in a shed? 工具房。"))
    asked = table(row("x", "test", sentence.format(1) * 3 + "!"), row("y", "test", sentence[::-1]))
    assert benchmark.copies(asked, known, tmp_path).to_list() == [True, False]
    assert benchmark.leak(asked, known, tmp_path) == {"near copy in train": 0.5, "cluster in train": 0.0}
    assert not list(tmp_path.iterdir())  # what was needed for it is gone


def test_clusters_are_kept_apart_and_a_split_by_rows_keeps_the_copies_of_test_rows(benchmark, tmp_path):
    asked = [row(f"t{i}", "test", f"{ENGLISH.format(i)} said harbour master number {i * 7}") for i in range(3)]
    held = [row(f"c{i}", "calibration", f"{i} boats of another harbour wait for {i} men") for i in range(3)]
    plain = [row(f"r{i}", "train", f"{i} gulls, {i + 1} crabs and {i * i} empty shells") for i in range(9)]
    clean = table(*asked, *held, *plain)
    again = row("t1", "test", asked[1][5], line=9)  # the same row met twice
    beside = row("s0", "test", "Quite another reply to a question of the test", cluster="t0")
    rows = benchmark.arms(table(*asked, *held, *plain, again, beside), clean, {
        "train": 5, "calibration": 2, "test": 3
    }, tmp_path)  # fmt: skip
    assert {name: part.height for name, part in rows.items()} == {
        "clean": 5, "raw": 5, "by rows": 5, "calibration": 2, "test": 3
    }  # fmt: skip
    for name in ("clean", "raw"):
        assert benchmark.leak(rows["test"], rows[name], tmp_path) == {"near copy in train": 0, "cluster in train": 0}
    assert rows["by rows"].filter(pl.col("sample_id") == "t1")["line"].to_list() == [9]
    given = benchmark.taught("by rows", rows["by rows"], rows["calibration"])
    assert given["sample_id"].is_unique().all() and set(given["split"]) == {"train", "calibration"}
    assert given.group_by("cluster_id").agg(pl.col("split").n_unique())["split"].max() == 1


def test_rows_that_were_met_twice_are_drawn_twice(benchmark):
    rows = table(
        *(
            row(name, "train", "", line=n, language=tongue)
            for name in "ab"
            for n in range(2)
            for tongue in ("en", "zh", "fr")
        )
    )
    taken = benchmark.drawn(rows.with_columns(first="sample_id"), 3)
    assert sorted(taken.select("language", "sample_id").rows()) == [
        (tongue, name) for tongue in ("en", "zh") for name in "aab"
    ]


def test_figures_are_those_of_each_verifier_and_what_it_has_more_than_raw(benchmark):
    rows = pl.DataFrame({
        "language": ["en"] * 4 + ["zh"] * 4, "reading": [True, True, False, False] * 2,
        "cluster_id": list("abcdefgh"),
    })  # fmt: skip
    good, poor = [0.9, 0.8, 0.1, 0.6, 0.9, 0.9, 0.1, 0.1], [0.9, 0.2, 0.1, 0.6, 0.1, 0.9, 0.1, 0.1]
    figures = benchmark.figures_of(rows, {"clean": [pl.Series(good)], "raw": [pl.Series(poor), pl.Series(good)]})
    assert figures["auroc, zh, clean"][0] == 1 and figures["auroc, zh, raw"][0] == 0.875
    assert figures["auroc, zh, raw, each"] == [0.75, 1] and figures["auroc, zh, clean less raw"][0] == 0.125
    assert figures["f1, en, clean"][0] == 0.8 and figures["ece, zh, clean"][0] == 0.1
    for value, low, high in (figure for name, figure in figures.items() if not name.endswith("each")):
        assert low <= value <= high or np.isclose(value, (low, high)).any()


@pytest.mark.slow
def test_it_measures_all_verifiers_on_the_same_rows(benchmark, config, tmp_path):
    per_cell = {"train": 20, "calibration": 20, "test": 10}
    found = benchmark.measure(tmp_path, tmp_path, sources=("seed",), per_cell=per_cell, config=config)
    assert set(found) == {"ratios", "figures", "sizes"}
    sizes, figures = found["sizes"], found["figures"]
    assert sizes["train rows, clean"] == sizes["train rows, raw"] == sizes["train rows, by rows"] == 80
    assert 0 < sizes["test rows that all score"] <= sizes["test rows"] == 40
    assert sizes["train rows that cleaning takes, clean"] == 0 < sizes["clean rows"] < sizes["raw rows"] == 1440
    assert (
        0
        <= figures["near copy in train, a fifth of all raw rows"]
        < figures["cluster in train, a fifth of all raw rows"]
    )
    assert figures["cluster in train, clean"] == figures["cluster in train, raw"] == 0
    for name in ("clean", "raw", "by rows"):
        value, low, high = figures[f"auroc, all, {name}"]
        assert 0 <= low <= value <= high <= 1
