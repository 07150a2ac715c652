"""The same job on Slurm's commands, of which stand-ins run the array on this machine, and on Ray where it is there."""

import importlib.util
import os
import signal
import subprocess
import sys
import time

import pytest

from synth.inference import Executor, complete
from tests.synth.inference.faults import Server, running
from tests.synth.inference.test_complete import ROOT, chat, endpoint

SBATCH = """#!/bin/bash
# Runs every task of the array in the background, as a cluster would, and prints an id.
script="${@: -1}"
if grep -q merge_stats "$script"; then echo 78; exit; fi  # what waits for the array
cp "$script" "$SLURM_STAND_IN/job.sh"
last=$(sed -n 's/^#SBATCH --array=0-\\([0-9]*\\).*/\\1/p' "$script")
exec 3>&1 > /dev/null 2>&1
for task in $(seq 0 "$last"); do
  ( exec 3>&-  # else whoever reads the id would wait for the tasks
    SLURM_ARRAY_TASK_ID=$task SLURM_NODELIST=localhost SLURM_NODEID=0 RUN_OFFSET=0 \\
    bash "$SLURM_STAND_IN/job.sh" > "$SLURM_STAND_IN/task-$task.log" 2>&1; touch "$SLURM_STAND_IN/over-$task" ) &
done
echo "$last" > "$SLURM_STAND_IN/last"
echo 77 >&3
"""
SRUN = """#!/bin/bash
while [[ "$1" == -* ]]; do [[ "$1" == -n ]] && shift; shift; done
exec "$@"
"""
SQUEUE = """#!/bin/bash
if [ ! -e "$SLURM_STAND_IN/asked-once" ]; then
  touch "$SLURM_STAND_IN/asked-once"
  echo "slurm_load_jobs error: Socket timed out on send/recv operation" >&2
  exit 1
fi
for task in $(seq 0 "$(cat "$SLURM_STAND_IN/last")"); do
  [ -e "$SLURM_STAND_IN/over-$task" ] || echo "77_$task"
done
"""
SCONTROL = """#!/bin/bash
echo localhost
"""
SCANCEL = """#!/bin/bash
echo "$@" >> "$SLURM_STAND_IN/cancelled"
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Slurm's commands on the path."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    for name in ("sbatch", "srun", "squeue", "scontrol", "scancel"):
        (folder / name).write_text(globals()[name.upper()])
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_STAND_IN", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr("synth.inference.executors.POLL_S", 0.2)
    return folder


@pytest.mark.slow
def test_a_slurm_array_answers_everything(tmp_path, slurm):
    requests = [chat(n) for n in range(30)]
    executor = Executor(kind="slurm", tasks=3, gpus=1, cpus=2, partition="a100")
    with running(Server()) as server:
        here = complete(requests, endpoint(server), folder=tmp_path / "here")
        before = sum(server.tries.values())
        there = complete(requests, endpoint(server), folder=tmp_path / "there", executor=executor)
    assert there == here
    assert sum(server.tries.values()) - before == 30
    script = (slurm / "job.sh").read_text()
    for line in ("--partition=a100", "--gpus=1", "--cpus-per-task=2", "--array=0-2"):
        assert f"#SBATCH {line}" in script
    assert (slurm / "asked-once").exists() and not (slurm / "cancelled").exists()


@pytest.mark.slow
def test_a_slurm_task_that_does_not_finish_stops_the_job_and_logs_no_text(tmp_path, slurm):
    with running(Server(share=1.0, times=99, kinds=("unknown",))) as server, pytest.raises(RuntimeError, match="Slurm"):
        complete(
            [chat(n) for n in range(4)],
            endpoint(server),
            folder=tmp_path / "there",
            executor=Executor(kind="slurm", tasks=2),
        )
    logs = [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith("asked-")]
    assert any(b"Traceback" in path.read_bytes() for path in logs)
    assert not [path for path in logs if b"Count to" in path.read_bytes()]


@pytest.mark.slow
def test_ctrl_c_cancels_a_slurm_array(tmp_path, slurm):
    code = f"""
import sys
from pathlib import Path
from synth.inference import Executor, complete
from tests.synth.inference.test_complete import chat, endpoint
from tests.synth.inference.faults import Server
server = Server()
server.url = sys.argv[1]
asked = [chat(n) for n in range(64)]
engine = endpoint(server, concurrency=4, timeout_s=5)
complete(asked, engine, folder=Path({str(tmp_path)!r}), executor=Executor(kind="slurm", tasks=2))
"""
    with running(Server(delay_s=1)) as server:
        job = subprocess.Popen([sys.executable, "-c", code, server.url], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        while not server.tries and job.poll() is None:
            time.sleep(0.05)
        job.send_signal(signal.SIGINT)
        _, said = job.communicate(timeout=60)
        assert "KeyboardInterrupt" in said
        assert (slurm / "cancelled").read_text() == "77\n"
        while not all((slurm / f"over-{task}").exists() for task in range(2)):
            time.sleep(0.1)  # the stand-in cancels nothing


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is an extra: pip install 'safeladder[ray]'")
def test_ray_answers_everything(tmp_path):
    requests = [chat(n) for n in range(20)]
    executor = Executor(kind="ray", tasks=2, cpus=1, memory_gb=1)
    with running(Server()) as server:
        replies = complete(requests, endpoint(server), folder=tmp_path, executor=executor)
    assert len(replies) == 20 and not any(reply.failure for reply in replies)
