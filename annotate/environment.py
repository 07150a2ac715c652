"""The review server's own virtual environment: its pins clash with ours, so the two never meet."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from catalog.models import cache

REQUIREMENTS = Path(__file__).parent / "server" / "requirements.txt"


class EnvironmentFailed(RuntimeError):
    """The environment could not be made; the message holds the end of what pip said."""


def environment_folder() -> Path:
    """Where the environment of these pins and this Python lies, whether it is made or not."""
    pins = REQUIREMENTS.read_bytes()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = hashlib.sha256(pins + version.encode()).hexdigest()[:12]
    return cache().expanduser().absolute() / f"argilla-server-{name}"


def ensure_environment(progress: Callable[[str], object] = print) -> Path:
    """The environment of the pinned server; made when it is not there, which takes about a minute.

    Changed pins or another Python make a new one. A file written last marks it as whole: what a killed installation
    leaves behind is removed and made anew. A second caller waits for the first.

    Args:
        progress: Told in a sentence what takes long.

    Returns:
        The folder; its interpreter is `bin/python`.

    Raises:
        EnvironmentFailed: If the pins cannot be installed.
    """
    environment = environment_folder()
    environment.parent.mkdir(parents=True, exist_ok=True)
    whole = environment / "whole"
    with environment.with_name(f"{environment.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (whole.exists() and (environment / "bin" / "python").exists()):
            progress(f"installing the review server once, about a minute: {environment}")
            started = time.monotonic()
            _install(environment)
            whole.touch()
            progress(f"installed in {time.monotonic() - started:.0f} s")
    return environment


def _install(environment: Path) -> None:
    shutil.rmtree(environment, ignore_errors=True)
    _call([sys.executable, "-m", "venv", str(environment)], environment)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # the list is the whole closure: nothing that is not written there may come in
    _call([*pip, "--no-input", "--no-deps", "--requirement", str(REQUIREMENTS)], environment)


def _call(command: list[str], environment: Path) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        shutil.rmtree(environment, ignore_errors=True)
        last = "\n".join(done.stdout.strip().splitlines()[-12:])
        raise EnvironmentFailed(f"could not make the review server's environment; {command[0]} said:\n{last}")
