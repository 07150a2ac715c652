"""Runs in processes of their own that can be killed with -9 at any moment, and what is left of them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from catalog import Store
from catalog.schema import SEGMENT_TABLES
from catalog.segments import WORKING

DRIVER = """
import sys
from pathlib import Path
from safeladder.execution import run_recipe

if __name__ == "__main__":
    run_recipe(*map(Path, sys.argv[1:4]), workers=int(sys.argv[4]))
"""


def begin(recipe, store, data, *, workers):
    """Start a run in a session of its own."""
    words = [sys.executable, "-c", DRIVER, str(recipe), str(store), str(data), str(workers)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        words, env=environment, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process):
    """Wait for a run to end well."""
    _, said = process.communicate(timeout=600)
    assert process.returncode == 0, said


def kill(process, store, *, after=None, files=None):
    """Kill a run some seconds after it began to work, or when so many files lie in its work folders.

    Returns:
        Whether it was killed; a run that ended first must have ended well.
    """
    while process.poll() is None and not (store / "ledger.sqlite").exists():
        time.sleep(0.01)
    began = time.monotonic()
    while process.poll() is None:
        if after is not None and time.monotonic() - began >= after:
            break
        if files is not None and _count(store / "work") >= files:
            break
        time.sleep(0.003)
    process.kill()  # this process alone: its workers must see for themselves
    finished = process.wait() == 0
    said = process.communicate()[1]
    assert process.returncode in (0, -signal.SIGKILL), said
    return not finished


def _count(folder):
    return sum(len(files) for _, _, files in os.walk(folder))


def left_alive(session, *, patience=20):
    """Processes of a session that are alive after some seconds, by /proc."""
    until = time.monotonic() + patience
    while (found := _alive(session)) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def _alive(session):
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            state = Path(f"/proc/{entry}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(state[3]) == session and state[0] != "Z":
            found.append(int(entry))
    return found


def outcome(store):
    """What a store holds: the digest of every segment by stage and table, and the accounting of every stage."""
    opened = Store(store)
    stages = opened.read("stages").drop("seconds")
    held = {}
    for name, stage_id in stages.select("stage", "stage_id").unique().rows():
        for table in (*SEGMENT_TABLES, WORKING):
            held[name, table] = [digest for _, digest in opened.segment_list(table, batch_id=stage_id)]
            assert opened.read(table, batch_id=stage_id).height >= 0  # every segment is there, whole
    return held, sorted(map(repr, stages.drop("run_id").rows()))


def media(store):
    """Names of the pictures that are kept."""
    return sorted(path.name for path in (store / "media").rglob("*") if path.is_file() and path.name[0] != ".")
