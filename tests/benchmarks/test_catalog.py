"""The benchmark of the catalog at a hundredth of its quick size: it runs, and both sides give the same answers."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("benchmark_catalog", ROOT / "benchmarks" / "catalog.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_measures_every_question_on_both_sides(benchmark):
    found = benchmark.measure(5_000)
    assert set(found) == {"ratios", "figures", "versions", "sizes"}
    assert set(benchmark.AGGREGATES) < set(found["ratios"])
    assert found["sizes"]["verdicts"] == 20_000 and found["figures"]["steps to the farthest of these ancestors"] > 1
    assert all(value > 0 for value in found["ratios"].values())


def test_answers_that_differ_are_noticed(benchmark):
    assert benchmark.same([("a", 0.1 + 0.2), ("b", None)], [("b", None), ("a", 0.3)])
    assert not benchmark.same([("a", 0.3)], [("a", 0.31)])
