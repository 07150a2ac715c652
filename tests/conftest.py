"""One demo store for every test that looks at a finished run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time, and no clock: a busy machine must not fail a property.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def safeladder():
    """Run the command line as a user would: a process of its own, in a folder of its own."""

    def call(*arguments, cwd, store, check=True, **environment):
        done = subprocess.run(
            [sys.executable, "-c", "from safeladder.cli import main; main()", *map(str, arguments)],
            cwd=cwd,
            env=os.environ | {"SAFELADDER_STORE": str(store), "PYTHONPATH": str(ROOT)} | environment,
            capture_output=True,
            text=True,
        )
        assert not check or done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return call


@pytest.fixture(scope="session")
def demo(tmp_path_factory, safeladder):
    """What `make demo` leaves behind. Tests that use it carry `xdist_group("demo")`, so that it is made once."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "examples").symlink_to(ROOT / "examples")
    store = folder / "store"
    done = safeladder("run", "examples/demo.yaml", cwd=folder, store=store)
    return {"folder": folder, "store": store, "said": done.stdout + done.stderr}
