"""`synth run --serve` with a real vLLM on a tiny random model: every row is accounted for, and no server is left."""

import subprocess

import polars as pl
import pytest

from catalog import Store
from catalog.models import cache
from synth.balance import Job, write_plan
from tests.synth.conftest import tiny_text  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("vllm")]

CELL = {"task": "safety", "label": "Safe without risk", "modality": "text", "rows": 2, "requests": 4}
JUDGES = ("--judge", "illogical", "--judge", "unsafe_tokens")


def logs():
    """A file for each server that was started."""
    return set((cache() / "logs").glob("vllm-*.log"))


def test_a_served_run_accounts_for_every_row_and_leaves_no_server(safeladder, tiny_text, tmp_path):  # noqa: F811
    store, seed = tmp_path / "store", tmp_path / "seed.yaml"
    seed.write_text("{name: seed, sources: [seed], synth: null, verifier: null, release: {name: seed}}")
    safeladder("run", seed, cwd=tmp_path, store=store)
    jobs = [Job(generator="rollout", language=language, **CELL).model_dump() for language in ("en", "zh")]
    write_plan(pl.DataFrame(jobs), tmp_path / "plan.yaml")
    words = ("synth", "run", "plan.yaml", "--serve", "--model", tiny_text, "--parents", "seed", *JUDGES)
    before = logs()
    done = safeladder(*words, cwd=tmp_path, store=store)
    assert len(logs() - before) == 1  # one server for all stages
    assert "synth:rollout " in done.stderr and "next       safeladder synth rates" in done.stderr
    stages = {row["stage"]: row for row in Store.existing(store).read("stages").iter_rows(named=True)}
    for row in stages.values():
        assert row["rows_in"] == row["rows_out"] + row["rejected"] + row["failed"], row["stage"]
    written = stages["synth:rollout"]
    assert (written["rows_in"], written["failed"]) == (8, 0) and written["rows_out"] > 0
    assert stages["judge:unsafe_tokens"]["rows_in"] == written["rows_out"]
    said = Store.existing(store).read("judgements").filter(pl.col("judge").str.starts_with("unsafe_tokens"))
    assert said.height == written["rows_out"] and set(said["outcome"]) <= {"scored", "unparsed"}
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(tiny_text) not in listed
    served = logs()
    safeladder(*words, cwd=tmp_path, store=store)
    assert logs() == served  # nothing is asked, so nothing is started
