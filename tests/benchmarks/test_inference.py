"""The benchmark of inference against a stand-in for a server: all three clients get every answer."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.synth.inference.faults import Server, running

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("benchmark_inference", ROOT / "benchmarks" / "inference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("completion", [False, True])
def test_each_client_asks_for_the_same_and_is_measured(benchmark, monkeypatch, completion):
    monkeypatch.setenv("BENCHMARK_KEY", "")
    monkeypatch.setattr(benchmark, "IN_FLIGHT", 8)
    with running(Server()) as server:
        where = SimpleNamespace(url=f"{server.url}/v1", model="m", key="secret")
        found = benchmark.measure(where, count=12, tokens=4, completion=completion, rounds=1)
    assert set(found) == {"ratios", "figures", "versions", "sizes"}
    peers = ("bare asyncio client", "stock InferenceRunner")
    cases = ("answers", "answers, busy disk", "verdicts", "verdicts, busy disk")
    assert set(found["ratios"]) == {f"{case}, {peer}" for case in cases for peer in peers}
    assert all(ratio > 0 for ratio in found["ratios"].values())
    assert {headers["Authorization"] for headers in server.headers} == {"Bearer secret"}
    assert sum(server.answered.values()) == len(cases) * 3 * (benchmark.IN_FLIGHT + 12)
    assert max(server.tries.values()) == 1  # no request is asked twice, so no cache helps
    shapes = {frozenset(body) - {"logprobs", "top_logprobs"} for body in server.bodies}
    assert len(shapes) == 1 and ("prompt" if completion else "messages") in shapes.pop()


def test_a_verdict_is_one_token_with_its_probabilities(benchmark):
    (asked,) = benchmark.requests("verdicts", 1, tokens=32, completion=True, round_="0")
    assert (asked.sampling.max_tokens, asked.sampling.logprobs) == (1, 5)
