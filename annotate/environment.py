"""The review server's own virtual environment: its pins clash with ours, so the two never meet."""

from collections.abc import Callable
from pathlib import Path

from catalog import environments
from catalog.environments import EnvironmentFailed

__all__ = ["REQUIREMENTS", "EnvironmentFailed", "ensure_environment", "environment_folder"]

REQUIREMENTS = Path(__file__).parent / "server" / "requirements.txt"


def environment_folder() -> Path:
    """Where the environment of these pins and this Python lies, whether it is made or not."""
    return environments.folder_of("argilla-server", REQUIREMENTS)


def ensure_environment(progress: Callable[[str], object] = print) -> Path:
    """The environment of the pinned server; made when it is not there, which takes about a minute.

    Raises:
        EnvironmentFailed: If the pins cannot be installed.
    """
    what = "the review server, about a minute"
    return environments.ensure(environment_folder(), _install, what=what, progress=progress)


def _install(environment: Path) -> None:
    environments.install(environment, REQUIREMENTS)
