"""The benchmark of near-duplicate text: its planted truth holds, its scores count rightly, and we are measured."""

import importlib.util
import json
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def benchmark():
    path = list(sys.path)
    spec = importlib.util.spec_from_file_location("benchmark_dedup_text", ROOT / "benchmarks" / "dedup_text.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path[:] = path
    return module


@pytest.fixture(scope="module")
def planted(benchmark, tmp_path_factory):
    """A thousand documents with their truth."""
    folder = tmp_path_factory.mktemp("documents") / "pieces"
    truth = benchmark.documents.write(folder, 1_000)
    return pl.read_parquet(folder / "*.parquet").join(truth, on="id")


def shingles(text, language):
    """5-grams without punctuation, by other means than the benchmark's."""
    tokens = re.sub(r"[.,?，。？]", "", text.lower())
    tokens = tokens.split() if language == "en" else re.sub(r"\s", "", tokens)
    return {" ".join(tokens[at : at + 5]) for at in range(len(tokens) - 4)}


def similarity(one, other, language):
    left, right = shingles(one, language), shingles(other, language)
    return len(left & right) / len(left | right)


def test_the_languages_have_their_halves_and_their_lengths(planted):
    assert planted.group_by("language").len().sort("language").rows() == [("en", 500), ("zh", 500)]
    english, chinese = (planted.filter(language=language)["text"] for language in ("en", "zh"))
    assert 100 < english.str.split(" ").list.len().median() < 140
    assert 180 < chinese.str.len_chars().median() < 250
    assert chinese.str.contains(r"\p{Han}").all() and not english.str.contains(r"\p{Han}").any()


def test_who_is_to_go_is_alike_and_who_is_to_stay_is_not(planted):
    spread = []
    for _, family in planted.group_by("family"):
        due, language = family["due"][0], family["language"][0]
        found = [similarity(one, other, language) for one, other in combinations(family["text"], 2)]
        if due == 0:
            assert all(value < 0.8 for value in found)
        elif due is not None:
            assert due == family.height - 1 and all(value >= 0.8 for value in found)
        spread += found if family.height == 2 else []
    assert min(spread) < 0.65 and sum(0.7 < value < 0.9 for value in spread) > len(spread) / 3
    assert planted["due"].null_count() < 0.03 * planted.height


def test_documents_of_different_families_have_little_in_common(planted):
    some = planted.unique("family", maintain_order=True).head(60)
    pairs = combinations(some.select("text", "language").rows(), 2)
    assert all(similarity(one, other, language) < 0.1 for (one, language), (other, also) in pairs if language == also)


def test_hard_negatives_are_there(planted):
    sizes = planted.filter(pl.col("due") == 0).group_by("family").len()["len"]
    assert set(sizes) >= {1, 2, 5, 10}
    tables = planted.filter(pl.col("text").str.count_matches(r"[0-9]{4}") > 30)
    assert tables.height == 20 and (tables["due"] == 0).all()
    without = tables["text"].str.replace_all("[0-9]+", "")
    assert without.n_unique() == 4  # five tables each that differ in their numbers only


def test_documents_follow_from_the_seed(benchmark, tmp_path):
    found = []
    for number, seed in enumerate((0, 0, 1)):
        truth = benchmark.documents.write(tmp_path / str(number), 100, seed=seed)
        found.append((truth.rows(), pl.read_parquet(tmp_path / str(number) / "*.parquet").rows()))
    assert found[0] == found[1] and found[1] != found[2]


def test_f1_counts_how_many_of_a_family_go_not_which(benchmark):
    rows = [("a", "en", 0, 1), ("b", "en", 0, 1), ("c", "en", 1, 0), ("d", "zh", 2, 2), ("e", "zh", 2, 2)]
    rows += [("f", "zh", 2, 2), ("g", "zh", 3, None), ("h", "zh", 3, None)]
    truth = pl.DataFrame(rows, schema=["id", "language", "family", "due"], orient="row")
    assert benchmark.score(["a", "d", "f"], truth) == benchmark.score(["b", "d", "e"], truth) == {"en": 1.0, "zh": 1.0}
    # one of one in English, and one too many; one of two in Chinese; nothing is said of g and h
    assert benchmark.score(["a", "c", "d", "g", "h"], truth) == {"en": round(2 / 3, 4), "zh": round(2 / 3, 4)}
    assert benchmark.score([], truth) == {"en": 0.0, "zh": 0.0}
    assert benchmark.score(["a", "b"], truth)["en"] == round(2 / 3, 4)
    assert benchmark.score(["a", "b"], truth, marks_all=True)["en"] == 1.0


def test_what_a_command_leaves_behind_is_measured_too(benchmark, tmp_path):
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    leaves = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {busy!r}])"
    cost = tmp_path / "cost.json"
    meter = [sys.executable, str(benchmark.PEERS / "meter.py"), str(cost)]
    subprocess.run([*meter, sys.executable, "-c", leaves], check=True)
    assert json.loads(cost.read_text())["cpu_s"] > 0.5
    assert subprocess.run([*meter, sys.executable, "-c", "raise SystemExit(3)"]).returncode == 3


def test_we_are_measured_and_a_tool_that_fails_is_said_to_have_failed(benchmark, monkeypatch):
    monkeypatch.setattr(benchmark, "ROUNDS", 1)
    figures = {600: benchmark.measure(600, {"ours": benchmark.OURS, "none": benchmark.Tool("with_none.py")})}
    row = figures[600]["ours"]
    assert row["f1_en"] > 0.95 and row["f1_zh"] > 0.95 and row["cpu_s"] > 0 and row["peak_mb"] > 0
    assert "with_none.py" in figures[600]["none"]["failed"]
    assert benchmark.missed(figures, benchmark.ratios(figures)) == ["600: none failed"]
    assert "none" in benchmark.table(figures)
    found = json.loads(json.dumps(benchmark.report(figures)))
    assert set(found) == {"ratios", "figures", "versions", "sizes"} and found["sizes"] == [600]


def test_ratios_and_what_is_missed(benchmark):
    good = {"wall_s": 1.0, "peak_mb": 500.0, "f1_en": 0.9, "f1_zh": 0.9}
    figures = {
        100_000: {"ours": good | {"cpu_s": 5.0}, "rensa keep": good | {"cpu_s": 6.0, "f1_zh": 0.95}},
        1_000_000: {"ours": good | {"cpu_s": 60.0, "peak_mb": 1_200.0}},
    }
    found = benchmark.ratios(figures)
    assert found == {"rensa keep, 100000": 1.2, "ours per document, 1000000 over 100000": 1.2}
    missed = " ".join(benchmark.missed(figures, found))
    for said in ("1.2 times the speed of rensa keep", "F1 0.9 in zh", "1200.0 MB", "grows 1.2 times"):
        assert said in missed
    assert "in en" not in missed
