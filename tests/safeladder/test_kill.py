"""Killed with -9 in every stage and run again, a run ends with the tables of one that nobody disturbed."""

import subprocess
import sys

import polars as pl
import pytest
import yaml

from catalog import TABLES, Store
from catalog.schema import SEGMENT_TABLES
from safeladder.execution import plan_recipe
from tests.train.conftest import policy  # noqa: F401
from tests.verifiers.conftest import backbone  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kill")]

STAGES = ["ingest:seed", "filter", "dedup", "split", "synth", "release", "verifier", "score", "rl"]

# Runs a recipe and kills itself: once the work of a stage is done and nothing of it is committed, right after its
# commit, or as soon as a file appears that the stage leaves behind half way.
DRIVER = """
import os, signal, sys, threading, time
from pathlib import Path
from catalog import Store
from safeladder.execution import plan_recipe, run_recipe

recipe, store, moment, stage, pattern = Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:6]
target = {row["stage"]: row["stage_id"] for row in plan_recipe(recipe, store, Path("none"))}[stage]
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
commit = Store.commit

def killing_commit(self, batch_id, tables, **rest):
    here = batch_id.startswith(target)
    if here and moment == "before":
        die()
    done = commit(self, batch_id, tables, **rest)
    if here and moment == "after":
        die()
    return done

def watch():
    while not list((store / "work").glob(f"{target}*/{pattern}")):
        time.sleep(0.002)
    die()

Store.commit = killing_commit
if moment == "during":
    threading.Thread(target=watch, daemon=True).start()
run_recipe(recipe, store, Path("none"))
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, backbone, policy):  # noqa: F811
    """The whole chain on models that train in seconds."""
    path = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "name": "tiny",
                "sources": ["seed"],
                "synth": {"lifts_per_row": 0.02},
                "verifier": {
                    "backbone": str(backbone),
                    "max_tokens": 64,
                    "frozen_layers": 0,
                    "train_tokens": 48,
                    "epochs": 1,
                    "batch_tokens": 512,
                    "save_every": 5,
                },
                "rl": {
                    "policy": str(policy),
                    "mix": "guard",
                    "steps": 2,
                    "k": 2,
                    "prompts_per_step": {"harmful": 1, "benign": 1, "math": 0},
                    "max_new_tokens": 8,
                    "eval_every": 2,
                    "eval_size": {"harmful": 2, "benign": 2, "math": 0},
                    "save_every": 1,
                    "sft": {"rows": {"harmful": 2, "benign": 2, "math": 0}, "epochs": 1},
                },
            }
        )
    )
    return path


def run(recipe, store, *kill):
    return subprocess.run(
        [sys.executable, "-c", DRIVER, str(recipe), str(store), *(kill or ("never", STAGES[0], "-"))],
        capture_output=True,
        text=True,
    )


def tables(store):
    """Every table without what may differ: times, and what was sampled from the policy."""
    opened = Store(store)
    stages = opened.read("stages")
    sampled = stages.filter(pl.col("stage") == "rl")["stage_id"]
    policies = opened.read("checkpoints").filter(pl.col("kind") == "policy")["checkpoint_id"]
    found = {}
    for name in TABLES:
        rows = opened.read(name)
        if name in SEGMENT_TABLES:
            rows = rows.filter(~pl.col("stage_id").is_in(sampled.implode()))
        if name == "checkpoints":
            rows = rows.filter(~pl.col("checkpoint_id").is_in(policies.implode()))
        if name == "stages":
            rows = rows.with_columns(created=pl.when(pl.col("stage") != "rl").then("created"))
        rows = rows.drop("seconds", "created_at", "started_at", "finished_at", "committed_at", strict=False)
        found[name] = sorted(map(repr, rows.rows()))
    return found


@pytest.fixture(scope="module")
def undisturbed(recipe, tmp_path_factory):
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    done = run(recipe, store)
    assert done.returncode == 0, done.stderr
    return tables(store)


@pytest.mark.parametrize(
    ("moment", "pattern"),
    [
        ("before", {}),
        ("after", {}),
        ("during", {"filter": "out/kept/*.parquet", "verifier": "*/state-*", "rl": "checkpoints/checkpoint-*"}),
    ],
    ids=["work done, nothing committed", "committed, not yet reported", "half way"],
)
def test_a_run_killed_once_in_every_stage_ends_with_the_same_rows(moment, pattern, recipe, undisturbed, tmp_path):
    store = tmp_path / "store"
    for stage in pattern or STAGES:
        killed = run(recipe, store, moment, stage, pattern.get(stage, "-"))
        assert killed.returncode == -9, f"{stage} was not killed:\n{killed.stderr}"
    finished = run(recipe, store)
    assert finished.returncode == 0, finished.stderr
    assert tables(store) == undisturbed
    assert not list((store / "work").iterdir())


def test_nothing_changed_reuses_everything_and_one_changed_value_makes_a_new_run(recipe, tmp_path):
    store = tmp_path / "store"
    cheap = recipe.with_name("cheap.yaml")
    value = yaml.safe_load(recipe.read_text()) | {"verifier": None, "rl": None}
    cheap.write_text(yaml.safe_dump(value))
    assert run(cheap, store).returncode == 0
    assert {row["state"] for row in plan_recipe(cheap, store, tmp_path)} == {"reused"}
    assert run(cheap, store).returncode == 0
    assert Store(store).read("runs").height == 1
    cheap.write_text(yaml.safe_dump(value | {"dedup": {"threshold": 0.9}}))
    planned = {row["stage"]: row["state"] for row in plan_recipe(cheap, store, tmp_path)}
    assert planned == {"ingest:seed": "reused", "filter": "reused"} | dict.fromkeys(
        ("dedup", "split", "synth", "release"), "new"
    )
    assert run(cheap, store).returncode == 0
    assert Store(store).read("runs").height == 2
