"""However it ends, nothing is left of a kept program."""

import os
import signal
import subprocess
import sys
import time

import pytest

from synth.inference.environment import PARTS
from tests.synth.inference.processes import alive, descendants, left_after

# A program with a child, as vLLM is one; the asker starts the keeper and sleeps.
PROGRAM = ["sh", "-c", "sleep 600 & sleep 600; true"]
ASKER = (
    "import os, subprocess, sys, time\n"
    "subprocess.Popen([sys.executable, '-I', sys.argv[1], str(os.getpid()), *sys.argv[2:]], start_new_session=True)\n"
    "time.sleep(600)"
)


@pytest.fixture
def tree():
    """An asker, its keeper and the three processes of the program."""
    asker = subprocess.Popen([sys.executable, "-c", ASKER, PARTS / "keeper.py", *PROGRAM])
    deadline = time.monotonic() + 30
    while len(below := descendants(asker.pid)) < 4 and time.monotonic() < deadline:
        time.sleep(0.1)
    (keeper,) = below - set().union(*(descendants(pid) for pid in below))
    yield asker, keeper, below
    for pid in alive({asker.pid, *below}):
        os.kill(pid, signal.SIGKILL)
    asker.wait()


def test_nothing_is_left_when_the_asker_is_killed(tree):
    asker, _, below = tree
    asker.kill()
    assert len(below) == 4 and left_after(below, 10) == set()


def test_nothing_is_left_when_the_keeper_is_asked_to_end(tree):
    _, keeper, below = tree
    os.kill(keeper, signal.SIGTERM)
    assert left_after(below, 10) == set()


def test_the_program_is_told_when_the_keeper_is_killed(tree):
    _, keeper, below = tree
    program = next(iter(below - {keeper} - set().union(*(descendants(pid) for pid in below - {keeper}))))
    os.kill(keeper, signal.SIGKILL)
    assert left_after({keeper, program}, 10) == set()


def test_what_a_program_leaves_behind_ends_with_it_and_its_status_is_passed_on():
    command = [sys.executable, "-I", PARTS / "keeper.py", str(os.getpid()), "sh", "-c", "sleep 600 & echo $!; exit 7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 7
    assert alive({int(done.stdout)}) == set()


def test_a_keeper_whose_asker_is_gone_already_ends_at_once():
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    command = [sys.executable, "-I", PARTS / "keeper.py", gone.stdout.strip(), "sleep", "600"]
    assert subprocess.run(command, timeout=30).returncode == 128 + signal.SIGTERM
