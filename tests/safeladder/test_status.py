"""`safeladder status`: what became of a run, and the one command that goes on with it."""

import json
import shlex
import signal
import subprocess
import sys

import polars as pl
import pytest
import yaml

from catalog import Store
from catalog.locks import held
from corpus import filters
from safeladder.execution import plan_recipe, run_recipe
from safeladder.standing import standing

SOURCE = {
    "slug": "mine",
    "title": "Rows of one's own",
    "home": "here",
    "license": "Apache-2.0",
    "tier": "open",
    "citation": "none",
    "languages": ["en", "zh"],
    "label_origin": "human",
    "files": [
        {
            "glob": "rows-*.jsonl",
            "rows": [{"prompt": "q", "response": "a", "task": "safety", "label": {"from": "label"}}],
        }
    ],
}


@pytest.fixture
def recipe(tmp_path):
    """Two files of twelve short exchanges, English and Chinese, up to a release."""
    for n in (1, 2):
        rows = [
            {"q": f"怎么给第{n}-{i}扇门换锁?", "a": f"先拆下旧锁, 再装上第{i}把新锁。", "label": "Safe without risk"}
            if i % 2
            else {"q": f"How do I fix lock {n}-{i}?", "a": f"Take lock {i} apart first.", "label": "Safe without risk"}
            for i in range(12)
        ]
        (tmp_path / f"rows-{n}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(SOURCE))
    path = tmp_path / "a recipe.yaml"
    value = {"name": "small", "sources": [str(tmp_path / "mine.yaml")], "synth": None, "verifier": None}
    path.write_text(yaml.safe_dump(value))
    return path


def test_a_finished_run_has_nothing_to_go_on_with(recipe, tmp_path, safeladder):
    store = tmp_path / "store"
    run_recipe(recipe, store, tmp_path)
    found = standing(Store(store), store, None)
    assert (found.state, found.next, found.holds) == ("finished", None, True)
    said = safeladder("status", "--json", cwd=tmp_path, store=store)
    stages = [json.loads(line) for line in said.stdout.splitlines()]
    assert [stage["stage"] for stage in stages] == ["ingest:mine", "filter", "dedup", "split", "release"]
    assert all(stage["rows_in"] == stage["rows_out"] + stage["rejected"] + stage["failed"] for stage in stages)
    assert all(len(stage["stage_id"]) == 64 for stage in stages)
    assert "finished" in said.stderr and f"report {store}/runs/{found.run_id[:12]}/report.html" in said.stderr
    shown = safeladder("status", cwd=tmp_path, store=store).stdout.splitlines()
    assert len(shown) == 6 and max(map(len, shown)) <= 80


def test_a_failed_run_ends_with_the_command_that_goes_on(recipe, tmp_path, safeladder, monkeypatch):
    store = tmp_path / "store"
    monkeypatch.setattr(filters, "language", lambda text, allowed: 1 / 0)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        run_recipe(recipe, store, tmp_path, workers=1)
    said = safeladder("status", cwd="/", store=store, check=False)
    assert said.returncode == 1 and "failed" in said.stderr
    command = shlex.split(said.stderr.splitlines()[-1])
    expected = ["run", str(recipe), "--store", str(store), "--data", str(tmp_path), "--workers", "1"]
    assert command == ["safeladder", *expected]
    safeladder(*command[1:], cwd="/", store="/nowhere")
    assert standing(Store(store), store, None).state == "finished"


KILLED = """
import os, signal, sys
from pathlib import Path
from corpus import steps
from safeladder.execution import run_recipe

steps.run_filters = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
run_recipe(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), workers=2)
"""


def test_a_killed_run_is_told_from_a_running_one(recipe, tmp_path, safeladder):
    store = tmp_path / "store"
    words = [sys.executable, "-c", KILLED, str(recipe), str(store), str(tmp_path)]
    assert subprocess.run(words, capture_output=True).returncode == -signal.SIGKILL
    said = safeladder("status", cwd=tmp_path, store=store, check=False)
    assert said.returncode == 1 and "killed" in said.stdout and "killed" in said.stderr
    assert said.stderr.splitlines()[-1].endswith("--workers 2")

    opened = Store(store)
    with held(opened, f"run-{opened.read('runs')['run_id'].item()}"):  # somebody works on it
        said = safeladder("status", cwd=tmp_path, store=store)
    assert ": running" in said.stderr


def test_failed_rows_are_shown_and_done_again_by_one_command(recipe, tmp_path, safeladder, monkeypatch):
    store = tmp_path / "store"
    real = filters.language

    def stumble(text, *, allowed):
        if text.str.contains("第3把").any():
            raise ValueError(text[0])
        return real(text, allowed=allowed)

    monkeypatch.setattr(filters, "language", stumble)
    whole = run_recipe(recipe, store, tmp_path)
    numbers = {stage["stage"]: stage for stage in whole.stages}
    assert (numbers["filter"]["rows_in"], numbers["filter"]["rows_out"], numbers["filter"]["failed"]) == (24, 22, 2)
    bad = Store(store).read("rejections").filter(pl.col("reason") == "failed")
    assert bad["stage"].unique().to_list() == ["filter"] and set(bad["detail"]) == {"ValueError"}
    assert bad["file"].to_list() == ["rows-1.jsonl", "rows-2.jsonl"]

    said = safeladder("status", cwd=tmp_path, store=store, check=False)
    assert said.returncode == 1 and "finished with failures" in said.stderr and "2 of 24" in said.stderr
    command = shlex.split(said.stderr.splitlines()[-1])
    assert command[-1] == "--retry-failed"
    # as long as nothing was mended, the same rows fail again: the results stay as they are
    with pytest.raises(RuntimeError, match="failed again"):
        run_recipe(recipe, store, tmp_path, retry_failed=True)
    monkeypatch.undo()
    safeladder(*command[1:], cwd="/", store="/nowhere")
    mended = standing(Store(store), store, None)
    assert mended.state == "finished" and not any(stage["failed"] for stage in mended.stages)
    # and the rows are those of a run in which nothing ever failed
    undisturbed = tmp_path / "undisturbed"
    run_recipe(recipe, undisturbed, tmp_path)
    assert rows(store, mended.run_id) == rows(undisturbed, standing(Store(undisturbed), undisturbed, None).run_id)
    # from now on this is what the recipe gives, without the option
    assert {row["state"] for row in plan_recipe(recipe, store, tmp_path)} == {"reused"}


def rows(store, run_id):
    opened = Store(store)
    stages = opened.read("stages").filter(pl.col("run_id") == run_id)
    return {
        (stage, table): opened.read(table, batch_id=stage_id).drop("stage_id", strict=False).rows()
        for stage, stage_id in stages.select("stage", "stage_id").rows()
        for table in ("working", "samples", "rejections", "clusters", "splits", "release_rows")
    }


def test_a_run_that_is_not_there_and_a_prefix_of_two(recipe, tmp_path):
    store = tmp_path / "store"
    run_recipe(recipe, store, tmp_path)
    with pytest.raises(LookupError, match="no run ffffffffffffffff"):
        standing(Store(store), store, "ffffffffffffffff")
    run_id = standing(Store(store), store, None).run_id
    assert standing(Store(store), store, run_id[:8]).run_id == run_id
