"""Virtual environments for programs whose pins clash with ours: each made once, whole or not at all."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from catalog.models import cache


class EnvironmentFailed(RuntimeError):
    """The environment could not be made; the message holds the end of what pip said."""


def folder_of(name: str, *files: Path) -> Path:
    """Where the environment made from these files and this Python lies, whether it is made or not."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    whole = hashlib.sha256(b"".join(file.read_bytes() for file in files) + version.encode())
    return cache().expanduser().absolute() / f"{name}-{whole.hexdigest()[:12]}"


def is_whole(environment: Path) -> bool:
    """Whether an environment was made to its end and its interpreter is still there."""
    return (environment / "whole").exists() and (environment / "bin" / "python").exists()


def ensure(
    environment: Path, install: Callable[[Path], None], *, what: str, progress: Callable[[str], object] = print
) -> Path:
    """Make an environment where it is not there.

    A file written last marks it as whole: what a killed installation leaves behind is removed and made anew. A second
    caller waits for the first.

    Args:
        environment: Its folder, as `folder_of` gives it.
        install: Fills the folder.
        what: What is installed and how long it takes, for people.
        progress: Told in a sentence what takes long.

    Returns:
        The folder; its interpreter is `bin/python`.

    Raises:
        EnvironmentFailed: If the pins cannot be installed; nothing is left of it.
    """
    environment.parent.mkdir(parents=True, exist_ok=True)
    with environment.with_name(f"{environment.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_whole(environment):
            progress(f"installing {what}, once: {environment}")
            started = time.monotonic()
            shutil.rmtree(environment, ignore_errors=True)
            try:
                install(environment)
            except BaseException:
                shutil.rmtree(environment, ignore_errors=True)
                raise
            (environment / "whole").touch()
            progress(f"installed in {time.monotonic() - started:.0f} s")
    return environment


def install(environment: Path, requirements: Path) -> None:
    """Make a virtual environment of what a file lists, which must be the whole closure: nothing else may come in.

    Raises:
        EnvironmentFailed: With the end of what was said.
    """
    _call([sys.executable, "-m", "venv", str(environment)], environment)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # compiling takes half the time, and most modules are never imported: those that are get compiled then
    _call([*pip, "--no-input", "--no-compile", "--no-deps", "--requirement", str(requirements)], environment)


def _call(command: list[str], environment: Path) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        last = "\n".join(done.stdout.strip().splitlines()[-12:])
        raise EnvironmentFailed(f"could not make the environment {environment.name}; {command[0]} said:\n{last}")
