"""Who descends from a process, and who of them is left."""

import subprocess
import time


def descendants(pid):
    """All processes under one, itself not among them."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    children = {}
    for line in listed.stdout.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found, open_ = set(), [pid]
    while open_:
        below = children.get(open_.pop(), [])
        found.update(below)
        open_ += below
    return found


def alive(pids):
    """Those that still run; a zombie does not."""
    listed = subprocess.run(["ps", "-eo", "pid=,stat="], capture_output=True, text=True, check=True)
    stats = dict(line.split() for line in listed.stdout.splitlines())
    return {pid for pid in pids if not stats.get(str(pid), "Z").startswith("Z")}


def left_after(pids, seconds):
    """Those that are still there after so many seconds; returns at once when all are gone."""
    deadline = time.monotonic() + seconds
    while (left := alive(pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left
