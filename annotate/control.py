"""Start, stop and look at a review server.

A home is served by whoever holds the lock on its `server.lock`: the file is locked before the server is started, handed
down to it, and let go by the system when its last process ends. So a crash leaves nothing stale, two callers at once
start one server, and a free lock proves that it is gone.
"""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, NamedTuple

from annotate.environment import ensure_environment
from annotate.server.review import keys

PROGRAMS = Path(__file__).parent / "server"
HOST = "127.0.0.1"
STOP_S = 15.0
LOG_LINES = 15


class ServerFailed(RuntimeError):
    """The server did not start, did not answer or did not stop; the message holds the end of its log."""


@dataclass(frozen=True)
class Server:
    """A running review server and the owner's way in."""

    home: Path
    port: int
    pid: int
    owner: str
    api_key: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


class Status(NamedTuple):
    """`running` answers, `silent` lives and does not answer (it starts, or hangs), `stopped` does not live."""

    state: Literal["running", "silent", "stopped"]
    server: Server | None


def up(
    home: Path, *, port: int | None = None, timeout_s: float = 180, progress: Callable[[str], object] = print
) -> Server:
    """Start the server of a home, or find it running, and return when it answers an authenticated request.

    Args:
        home: Folder of the server's database, secrets and log; made when it is not there.
        port: Port on the loopback interface; by default the one used last if it is free, else any free one.
        timeout_s: Seconds to wait for the answer, apart from a first installation.
        progress: Told in a sentence what takes long.

    Raises:
        ServerFailed: If it ends at its start, does not answer in time, or already runs on another port.
        OSError: If the port is taken.
        EnvironmentFailed: If its environment cannot be installed.
    """
    home = home.absolute()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    environment = ensure_environment(progress)
    begin = (home / "server.log").stat().st_size if (home / "server.log").exists() else 0
    process = None
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        process = process or _start(environment, home, port)
        if (server := _read(home)) and _answers(server):
            if port not in (None, server.port):
                raise ServerFailed(f"{home} is already served at {server.url}: use that, or stop it first")
            return server
        if process and process.poll() is not None:
            raise ServerFailed(
                f"the review server ended at its start (exit {process.returncode}):\n{_log_end(home, begin)}"
            )
        time.sleep(0.2)
    if process:
        _end(process.pid, home)
    raise ServerFailed(f"the review server did not answer within {timeout_s:.0f} s:\n{_log_end(home, begin)}")


def down(home: Path) -> bool:
    """Stop the server of a home and wait until it is gone.

    Returns:
        True where one ran, False where there was none.

    Raises:
        ServerFailed: If a process of it is still there after all.
    """
    if not _served(home):
        return False
    deadline = time.monotonic() + STOP_S
    while (server := _read(home)) is None:  # the first thing it does is to write down who it is
        if time.monotonic() > deadline or not _served(home):
            raise ServerFailed(f"{home} is locked by a process that is no review server")
        time.sleep(0.05)
    _end(server.pid, home)
    return True


def status(home: Path) -> Status:
    """Whether the server of a home runs, and where."""
    if not _served(home):
        return Status("stopped", None)
    server = _read(home)
    return Status("running" if server and _answers(server) else "silent", server)


def _take(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _served(home: Path) -> bool:
    if not (home / "server.lock").exists():
        return False
    with (home / "server.lock").open("w") as lock:
        return not _take(lock)


def _start(environment: Path, home: Path, port: int | None) -> subprocess.Popen | None:
    """Start the server, which keeps the lock and the listening socket; None where the home is already served."""
    with (home / "server.lock").open("w") as lock:
        if not _take(lock):
            return None
        with _listen(home, port) as listener, open(home / "server.log", "ab", opener=_private) as log:
            (home / "server.json").unlink(missing_ok=True)
            return subprocess.Popen(
                [environment / "bin" / "python", "-m", "review", home, str(listener.fileno())],
                env=_clean(os.environ) | {"PYTHONPATH": str(PROGRAMS), "PYTHONSAFEPATH": "1", "PYTHONNOUSERSITE": "1"},
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(listener.fileno(), lock.fileno()),
                start_new_session=True,
            )


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith(("ARGILLA_", "PYTHON"))}


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _listen(home: Path, port: int | None) -> socket.socket:
    """A listening socket, opened before the server starts so that nobody else can take its port meanwhile."""
    if port is None and (last := _read(home)):
        with contextlib.suppress(OSError):
            return socket.create_server((HOST, last.port))  # annotators keep their bookmarks
    try:
        return socket.create_server((HOST, port or 0))
    except OSError as error:
        raise OSError(error.errno, f"port {port} of {HOST} cannot be used: {error.strerror}") from None


def _read(home: Path) -> Server | None:
    try:
        found = json.loads((home / "server.json").read_text())
        api_key = keys.load(home)["owner_api_key"]
    except FileNotFoundError:
        return None
    return Server(home=home, port=found["port"], pid=found["pid"], owner=keys.OWNER, api_key=api_key)


def _answers(server: Server) -> bool:
    """Whether it takes the owner's key: only the server of this home can."""
    request = urllib.request.Request(f"{server.url}/api/v1/me", headers={"X-Argilla-Api-Key": server.api_key})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=5) as answer:
            return json.load(answer)["username"] == server.owner
    except (OSError, ValueError, KeyError):
        return False


def _end(pid: int, home: Path) -> None:
    """Ask the server to stop; after a while end its process group; wait until the lock is free."""
    for ask, wait_s in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, ask) if ask == signal.SIGTERM else os.killpg(pid, ask)
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            if not _served(home):
                return
            time.sleep(0.05)
    raise ServerFailed(f"process {pid} of the review server did not end:\n{_log_end(home, 0)}")


def _log_end(home: Path, begin: int) -> str:
    try:
        with (home / "server.log").open("rb") as log:
            log.seek(begin)
            return "\n".join(log.read().decode(errors="replace").strip().splitlines()[-LOG_LINES:])
    except FileNotFoundError:
        return "(no log)"
