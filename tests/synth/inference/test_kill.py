"""A job that is killed again and again ends with the same text as one that was left alone."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.synth.inference.faults import Server, running
from tests.synth.inference.processes import descendants, left_after

HERE = Path(__file__).parent

KILLS = 10


def start(folder: Path, url: str, out: Path, count: int, *, tasks: int = 1) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(HERE / "job.py"), str(folder), url, str(out), str(count), str(tasks)]
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[2])}
    return subprocess.Popen(command, cwd=HERE.parents[2], env=environment, start_new_session=True)


def answered(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.rglob("answers-*.jsonl"))


def undisturbed_and_killed(tmp_path: Path, upstream: str | None = None, *, key: str = "", count: int = 1000) -> None:
    """Run the job once on a calm server, once on a faulty one with ten kills, and compare."""
    with running(Server(upstream, key=key)) as calm:
        assert start(tmp_path / "calm", calm.url, tmp_path / "calm.json", count).wait(600) == 0
    rng = random.Random(9)
    points = sorted(rng.sample(range(20, count - 20), KILLS))
    folder = tmp_path / "killed"
    with running(Server(upstream, key=key, share=0.2, slow_s=25, delay_s=0.2)) as server:
        for point in points:
            job = start(folder, server.url, tmp_path / "killed.json", count)
            while answered(folder) < point and job.poll() is None:
                time.sleep(0.01)
            assert job.poll() is None, "the job was over before it could be killed"
            job.send_signal(signal.SIGKILL)
            job.wait()
        assert start(folder, server.url, tmp_path / "killed.json", count).wait(600) == 0
    calm_replies, replies = (json.loads((tmp_path / name).read_text()) for name in ("calm.json", "killed.json"))
    assert len(replies) == len({reply["id"] for reply in replies}) == count
    assert not any(reply["failure"] for reply in replies)
    assert replies == calm_replies
    lines = [json.loads(line) for path in folder.rglob("answers-*.jsonl") for line in path.open()]
    assert max(Counter(line["reply"]["id"] for line in lines).values()) == 1
    assert set(server.faults) == {"busy", "server_error", "cut", "malformed", "slow"}


@pytest.mark.slow
def test_ten_kills_over_a_thousand_requests_with_faults(tmp_path):
    undisturbed_and_killed(tmp_path)


@pytest.mark.slow
@pytest.mark.xdist_group("vllm")
def test_ten_kills_with_a_real_model_that_looks_at_pictures(tmp_path, vllm_vl):
    undisturbed_and_killed(tmp_path, vllm_vl.url.removesuffix("/v1"), key=vllm_vl.key)


def ended_by(number: int, tmp_path: Path, server: Server) -> None:
    """End a job of two workers in the middle; nothing of it may live on."""
    job = start(tmp_path / "job", server.url, tmp_path / "out.json", 200, tasks=2)
    while answered(tmp_path) < 20 and job.poll() is None:
        time.sleep(0.02)
    below = descendants(job.pid)
    assert len(below) >= 3  # two workers and who starts them
    if number == signal.SIGINT:
        os.killpg(job.pid, number)  # as a terminal does it
    else:
        os.kill(job.pid, number)
    assert job.wait(15) != 0
    assert left_after(below, 5) == set()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_job_and_nothing_is_asked_twice(tmp_path, number):
    with running(Server(delay_s=0.5)) as server:
        ended_by(number, tmp_path, server)
        before = answered(tmp_path)
        assert before < 200
        time.sleep(0.5)  # what was on its way is counted
        asked = sum(server.tries.values())
        assert start(tmp_path / "job", server.url, tmp_path / "out.json", 200, tasks=2).wait(60) == 0
        assert sum(server.tries.values()) - asked == 200 - before
    lines = [json.loads(line) for path in tmp_path.rglob("answers-*.jsonl") for line in path.open()]
    assert set(Counter(line["reply"]["id"] for line in lines).values()) == {1} and len(lines) == 200
