"""`Workers`: what they are told apart by, and when their server starts and ends. Stand-ins serve; nothing is loaded."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from synth.inference import Executor, Workers, complete, kept, kept_servers, no_pictures
from synth.inference.endpoint import _weights
from synth.inference.runner import StrictRunner
from synth.inference.serve import Server as Serving
from synth.inference.serve import serving
from tests.synth.inference import faults
from tests.synth.inference.processes import descendants, left_after
from tests.synth.inference.test_complete import ROOT, chat

LOADING = """#!/bin/sh
touch "$(dirname "$0")/begun"
exec sleep 300
"""
JOB = """
import sys
from pathlib import Path
from synth.inference import Workers, complete, serve
from tests.synth.inference.test_complete import chat
serve.ensure_environment = lambda device, progress: Path(sys.argv[1])
complete([chat(1)], Workers(model=sys.argv[2], device="cpu"), folder=Path(sys.argv[3]))
"""


@pytest.fixture
def model(tmp_path):
    """A folder that has weights, as far as names go."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"1")
    return folder


@pytest.fixture
def started(monkeypatch):
    """The options of each server that was started; a server without a model answers for it."""
    options = []

    @contextmanager
    def stand_in(model, *, flags, **_):
        options.append(flags)
        with faults.running(faults.Server()) as server, subprocess.Popen(["sleep", "60"]) as process:
            yield Serving(server.url + "/v1", "m", "r", "key", model, process)
            process.kill()

    monkeypatch.setattr("synth.inference.servers.serving", stand_in)
    return options


def test_other_weights_or_another_device_are_another_model(model):
    def identity(device="cpu"):
        _weights.cache_clear()  # as in another process
        return Workers(model=str(model), device=device).identity

    first = identity()
    assert identity() == first != identity("gpu")
    (model / "model.safetensors").write_bytes(b"2")
    assert identity() != first


def test_no_server_starts_where_everything_is_answered(tmp_path, model, started):
    engine = Workers(model=str(model), device="cpu")
    first = complete([chat(n) for n in range(5)], engine, folder=tmp_path / "job")
    assert not any(reply.failure for reply in first)
    slurm = Executor(kind="slurm", tasks=2)  # which is not here: nothing is handed to it
    assert complete([chat(n) for n in range(4)], engine, folder=tmp_path / "job", executor=slurm) == first[:4]
    StrictRunner(engine, tmp_path, answers=tmp_path, picture=no_pictures).run([])  # a worker with nothing left
    assert len(started) == 1
    assert len(complete([chat(n) for n in range(6)], engine, folder=tmp_path / "job")) == 6
    assert len(started) == 2


def test_jobs_of_one_engine_share_a_server_that_is_kept(tmp_path, model, started):
    engine = Workers(model=str(model), device="cpu")
    with kept_servers():
        for n in range(3):
            complete([chat(n)], engine, folder=tmp_path / f"job-{n}")
        assert len(started) == 1
        first = kept.running(engine).process
        complete([chat(4)], engine.model_copy(update={"max_len": 512}), folder=tmp_path / "other")
        assert len(started) == 2 and first.poll() is not None  # a GPU has room for one
        complete([chat(5)], engine, folder=tmp_path / "again")
        assert len(started) == 3
        ended = kept.running(engine).process
        ended.kill()
        ended.wait()  # one that ended by itself is started again
        complete([chat(6)], engine, folder=tmp_path / "once more")
        assert len(started) == 4
        with kept_servers():
            complete([chat(7)], engine, folder=tmp_path / "within")
        server = kept.running(engine)
        assert server.process.poll() is None and len(started) == 4
    assert server.process.poll() is not None and kept.running(engine) is None
    complete([chat(8)], engine, folder=tmp_path / "after")
    assert len(started) == 5


def test_flags_are_given_as_vllm_takes_them(tmp_path, model, started):
    flags = {"enforce-eager": True, "enable-prefix-caching": False, "seed": "3"}
    complete([chat(1)], Workers(model=str(model), device="cpu", flags=flags), folder=tmp_path / "job")
    assert started[0][-4:] == ["--enforce-eager", "--no-enable-prefix-caching", "--seed", "3"]


@pytest.mark.parametrize(
    "flag",
    ["--trust-remote-code", "--trust_remote_code=true", "--trust-remote-cod=1", "--trust", "--config", "--conf=a.yaml"],
)
def test_no_option_brings_code_that_comes_with_a_model(flag, model):
    with pytest.raises(ValueError, match="--trust-remote-code"), serving(str(model), flags=[flag]):
        pass


def test_an_option_that_only_begins_like_a_refused_one_is_taken(model, monkeypatch):
    class Taken(Exception):
        pass

    def stop(*_):
        raise Taken

    monkeypatch.setattr("synth.inference.serve.ensure_environment", stop)
    with pytest.raises(Taken), serving(str(model), device="cpu", flags=["--config-format", "hf", "--dtype", "auto"]):
        pass


@pytest.mark.slow
def test_ctrl_c_ends_a_server_that_still_loads(tmp_path, model):
    bin_ = tmp_path / "environment" / "bin"
    bin_.mkdir(parents=True)
    (bin_ / "vllm").write_text(LOADING)
    (bin_ / "vllm").chmod(0o755)
    command = [sys.executable, "-c", JOB, str(bin_.parent), str(model), str(tmp_path / "job")]
    environment = os.environ | {"SAFELADDER_CACHE": str(tmp_path / "cache")}
    job = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        while not (bin_ / "begun").exists() and job.poll() is None:
            time.sleep(0.05)
        below = descendants(job.pid)
        assert len(below) == 2  # the keeper and what loads
        job.send_signal(signal.SIGINT)
        said = job.communicate(timeout=20)[1]
    finally:
        job.kill()
    assert said.strip().endswith("KeyboardInterrupt")
    assert left_after(below, 3) == set()
