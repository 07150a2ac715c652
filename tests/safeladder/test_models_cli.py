"""`models serve`, without a model: how it ends. With one, it is tested where vLLM is."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CODE = """
import subprocess, sys
from contextlib import contextmanager
from pathlib import Path
from safeladder.cli import main
from synth.inference import serve

program = sys.argv.pop(1)

@contextmanager
def serving(model, **others):
    process = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
    try:
        yield serve.Server("http://127.0.0.1:1/v1", model, "r1", "k1", Path("vllm.log"), process)
    finally:
        process.kill()
        print("cleaned up", file=sys.stderr)

serve.serving = serving
main()
"""


@pytest.fixture
def serve(tmp_path):
    """Start the command with a program in the place of vLLM; returns when it has told where it serves."""
    (tmp_path / "vllm.log").write_text("the last words\n")

    def start(program):
        command = [sys.executable, "-c", CODE, program, "models", "serve", "some/model", "--json"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        asker = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
        )
        told = json.loads(asker.stdout.readline())
        assert (told["url"], told["model"], told["api_key"]) == ("http://127.0.0.1:1/v1", "some/model", "k1")
        return asker

    return start


def test_ctrl_c_ends_the_server_and_is_no_error(serve):
    asker = serve("import time; time.sleep(600)")
    time.sleep(1)  # so that it waits for the server
    asker.send_signal(signal.SIGINT)
    _, said = asker.communicate(timeout=30)
    assert asker.returncode == 0 and "Traceback" not in said
    assert "cleaned up" in said and "stopped" in said
    assert "export OPENAI_BASE_URL=http://127.0.0.1:1/v1 OPENAI_API_KEY=k1" in said


def test_a_server_that_ends_by_itself_is_an_error_with_the_end_of_its_log(serve):
    asker = serve("import sys; sys.exit(3)")
    _, said = asker.communicate(timeout=30)
    assert asker.returncode == 1 and "cleaned up" in said
    assert "error: vLLM ended (exit 3)" in said and "the last words" in said


def test_a_model_that_nobody_has_is_named(safeladder, tmp_path):
    done = safeladder("models", "serve", "no/such", cwd=tmp_path, store=tmp_path, check=False, HF_HUB_OFFLINE="1")
    assert done.returncode == 2 and "no weights for 'no/such'" in done.stderr
