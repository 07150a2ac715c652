"""The benchmark of the verifier's robustness on the seed corpus with a tiny encoder: it runs, and counts rightly."""

import importlib.util
import string
import sys
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from synth.phrases import phrases
from verifiers import VerifierConfig

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("benchmark_robustness", ROOT / "benchmarks" / "robustness.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def config(tmp_path):
    """A BERT of one small layer that reads characters."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [*string.ascii_lowercase, *string.digits]
    tokens = [*special, *letters, *(f"##{c}" for c in letters), *string.punctuation, *map(chr, range(0x4E00, 0x9FA6))]
    folder = tmp_path / "backbone"
    BertTokenizerFast(vocab={token: i for i, token in enumerate(tokens)}).save_pretrained(folder)
    tiny = BertConfig(
        vocab_size=len(tokens), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    BertModel(tiny).save_pretrained(folder)
    return VerifierConfig(backbone=str(folder), frozen_layers=0, epochs=1)


@pytest.mark.slow
def test_it_measures_both_verifiers_on_the_same_rows(benchmark, config, tmp_path):
    per_cell = {"train": 30, "calibration": 20, "test": 10}
    found = benchmark.measure(tmp_path, tmp_path, sources=("seed",), per_cell=per_cell, config=config)
    assert set(found) == {"ratios", "figures", "sizes"}
    assert found["sizes"]["train, zh, unsafe"] == 30 and found["sizes"]["edited children"] > 60
    assert 0 < found["sizes"]["test rows scored under every edit"] <= 40
    points = ("at 0.5", "at 5% false positives", "at 95% recall", "at 95% recall, edited")
    for at, language, edit, name in product(points, ("en", "zh"), benchmark.MEASURED, ("with", "without")):
        for part in ("recall", "false positives"):
            value, low, high = found["figures"][f"{at}: {part}, {language}, {edit}, {name}"]
            assert 0 <= low <= value <= high <= 1
        if edit != "none":
            share = found["figures"][f"{at}: kept, {language}, {edit}, {name}"]
            assert share is None or 0 <= share[1] <= share[0] <= share[2] <= 1
    low, high = found["figures"]["auroc, all, with less without"][1:]
    assert low <= high


def table(*rows):
    columns = ("sample_id", "split", "language", "unsafe", "cluster_id", "prompt", "response", "source")
    return pl.DataFrame(rows, schema=columns, orient="row")


def test_a_cell_gives_at_most_so_many_rows_of_our_two_languages(benchmark):
    rows = table(*(
        (f"{i:02}", split, language, unsafe, "c", "", "", "shelf")
        for i in range(5)
        for split in ("train", "test")
        for language in ("en", "zh", "fr")
        for unsafe in (True, False)
    ))  # fmt: skip
    taken = benchmark.chosen(rows, {"train": 3, "test": 1})
    assert sorted(taken.group_by("split", "language", "unsafe").len().rows()) == sorted(
        (split, language, unsafe, n)
        for split, n in (("train", 3), ("test", 1))
        for language in ("en", "zh")
        for unsafe in (True, False)
    )


def test_children_come_from_train_rows_that_are_in_use_alone(benchmark):
    rows = table(("p", "train", "en", True, "c", "", "", "shelf"), ("q", "test", "en", True, "d", "", "", "shelf"))
    made = [
        (name, split, "en", True, "c", "", "", "synth")
        for name, split in (*[(n, "train") for n in "xyz"], ("t", "test"))
    ]
    lineage = pl.DataFrame(
        [("x", "p"), ("y", "other"), ("z", "p"), ("z", "other"), ("t", "q")],
        schema=("child_id", "parent_id"),
        orient="row",
    )
    assert benchmark.children_of(rows, pl.concat([rows, table(*made)]), lineage)["sample_id"].to_list() == ["x"]


@pytest.mark.parametrize(("tongue", "reply"), [("en", "Step 1: [placeholder]"), ("zh", "第一步：【占位】")])
def test_edited_replies_hold_only_wordings_that_trained_nothing(benchmark, tongue, reply):
    rows = table(*((str(i), "test", tongue, True, "c", "How?", reply, "shelf") for i in range(20)))
    assert benchmark.replies(rows, None) == [reply] * 20
    edited = benchmark.replies(rows, "refuse_comply_disclaim")
    assert edited == benchmark.replies(rows, "refuse_comply_disclaim") and len(set(edited)) > 5
    openings = phrases("refusal_opening", tongue, held_out=True)
    assert all(reply in text and text.startswith(openings) for text in edited)
    mute = table(("a", "test", tongue, True, "c", "How?", "вот ответ", "shelf"))
    assert benchmark.replies(mute, "disclaimer_suffix") == [None]


def test_shares_and_differences_are_counted_per_cell(benchmark):
    rows = table(*(
        (str(i), "test", language, unsafe, f"c{i}", "", "", "shelf")
        for i, (language, unsafe) in enumerate((lang, u) for lang in ("en", "zh") for u in (True, True, False, False))
    ))  # fmt: skip
    good, poor = [0.9, 0.8, 0.1, 0.6, 0.9, 0.9, 0.1, 0.1], [0.9, 0.2, 0.1, 0.6, 0.1, 0.9, 0.1, 0.1]
    said = {name: pl.DataFrame(dict.fromkeys(benchmark.MEASURED, p)) for name, p in (("with", good), ("without", poor))}
    shares = benchmark.flagged(rows, said, {"with": 0.7, "without": 0.5})
    assert [shares[f"recall, {lang}, both, {name}"][0] for lang in ("en", "zh") for name in said] == [1, 0.5, 1, 0.5]
    assert shares["false positives, en, none, with"][0] == 0 and shares["false positives, en, none, without"][0] == 0.5
    ranked = benchmark.ranking(rows, said)
    assert ranked["auroc, zh, with"][0] == 1 and ranked["auroc, zh, without"][0] == 0.75
    assert ranked["auroc, zh, with less without"][0] == 0.25


def test_kept_recall_counts_only_rows_that_were_caught_unedited(benchmark):
    rows = table(*(
        (str(i), "test", language, unsafe, f"c{i}", "", "", "shelf")
        for language, first in (("en", 0), ("zh", 5))
        for i, unsafe in enumerate((True, True, True, True, False), first)
    ))  # fmt: skip
    plain, hidden = [0.9, 0.8, 0.6, 0.1, 0.9, *[0.1] * 5], [0.9, 0.6, 0.2, 0.9, 0.1, *[0.9] * 5]
    said = {"with": pl.DataFrame({name: plain if name == "none" else hidden for name in benchmark.MEASURED})}
    at_half, higher = (benchmark.kept(rows, said, {"with": threshold}) for threshold in (0.5, 0.7))
    assert "kept, en, none, with" not in at_half  # all of them, by definition
    value, low, high = at_half["kept, en, both, with"]
    assert value == round(2 / 3, 3) and low == 0 and high == 1
    assert higher["kept, en, disclaimer behind, with"][0] == 0.5
    assert at_half["kept, zh, both, with"] is None  # none was caught: not known, and not 0


def test_thresholds_flag_the_stated_shares_of_what_the_verifier_reads(benchmark, monkeypatch):
    rows = table(*((str(i), "calibration", "en", i < 101, "c", "How?", "One.", "shelf") for i in range(202)))
    p = pl.Series([n / 100 for n in range(1, 101)] + [None])
    asked = []

    def said(checkpoint, rows, texts, *, told):
        asked.append((rows, texts))
        return pl.concat([p, p / 10]) if told == "calibration" else p / 2

    monkeypatch.setattr(benchmark, "p_unsafe", said)
    found = benchmark.thresholds(Path("checkpoint"), rows)
    assert found["at 0.5"] == 0.5
    assert (p >= found["at 95% recall"]).sum() == 96  # at least 95 of the 100 unsafe ones that it reads, never less
    assert (p / 10 >= found["at 5% false positives"]).sum() == 5
    assert pl.concat([p, p / 2]).ge(found["at 95% recall, edited"]).sum() in (190, 191)
    edited, texts = asked[-1]
    assert edited.height == len(texts) == 101 and edited["unsafe"].all() and "One." not in texts
    openings = phrases("refusal_opening", "en", held_out=True)
    assert not any(text.startswith(openings) for text in texts)  # in the wordings that train
    with pytest.raises(ValueError, match="too few"):
        monkeypatch.setattr(benchmark, "p_unsafe", lambda *asked, told: pl.Series([None] * 202, dtype=pl.Float64))
        benchmark.thresholds(Path("checkpoint"), rows)


def test_an_interval_leaves_out_resamples_that_cannot_have_the_figure(benchmark):
    assert benchmark.interval(np.array([0.5, 0.2, np.nan, 0.6])) == [0.5, 0.21, 0.59]
