"""Two people ingest into one store at once: both finish, every commit has a number of its own, and none is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from catalog import Store

ROOT = Path(__file__).resolve().parents[2]
EACH = 8


@pytest.mark.slow
def test_two_ingests_at_once_both_finish_and_number_their_commits_without_a_gap(describe, tmp_path, ask):
    store = tmp_path / "store"
    people = []
    for who in "ab":
        records = lambda n, who=who: [{"q": f"{who}{n} 第{i}个问题"} for i in range(3)]  # noqa: E731
        sets = [
            describe({"prompt": "q"}, slug=f"{who}-{n}", folder=f"{who}-{n}", records=records(n)) for n in range(EACH)
        ]
        program = [sys.executable, "-c", "from safeladder.cli import main; main()"]
        people.append(
            subprocess.Popen(
                [*program, "source", "ingest", *sets, "--store", store],
                cwd=tmp_path,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    said = [process.communicate(timeout=300) for process in people]
    assert [process.returncode for process in people] == [0, 0], said
    assert "locked" not in str(said)
    opened = Store(store)
    assert opened.read("commits")["seq"].to_list() == list(range(1, 2 * EACH + 1))
    assert set(opened.read("runs")["state"]) == {"finished"} and opened.read("runs").height == 2
    assert opened.read("occurrences").height == 2 * EACH * 3
    assert ask(opened, "select count(*) from occurrences") == [(2 * EACH * 3,)]
