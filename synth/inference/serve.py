"""A vLLM server for as long as it is needed: on loopback, behind a key, gone when whoever started it is gone."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from catalog.models import cache, resolve, weights_digest
from synth.inference.environment import PARTS, Device, device_here, ensure_environment
from synth.inference.options import options_for, refuse_code

HOST = "127.0.0.1"
LOG_LINES = 15
POLL_S = 0.5


class ServerFailed(RuntimeError):
    """The server did not start, gave no answer or ended; the message holds the end of its log."""


@dataclass(frozen=True)
class Server:
    """A running server.

    Args:
        url: Base address, with `/v1`.
        model: Name it answers to.
        revision: The commit of the hub where the weights come from one, else the digest of the model's files.
        key: What it wants as a bearer token.
        log: File of what vLLM says. Nobody else can read it, and requests are not logged.
        process: Ends when the server ends.
        classifies: It gives labels, and writes nothing.
    """

    url: str
    model: str
    revision: str
    key: str = field(repr=False)
    log: Path
    process: subprocess.Popen = field(repr=False)
    classifies: bool = False

    def ended(self) -> "ServerFailed":
        """What to raise when the server has ended by itself."""
        return ServerFailed(f"vLLM ended (exit {self.process.poll()}); the end of {self.log}:\n{_end_of(self.log)}")


@contextmanager
def serving(
    model: str,
    *,
    port: int | None = None,
    device: Device | None = None,
    max_len: int = 4096,
    key: str | None = None,
    flags: Sequence[str] = (),
    timeout_s: float = 1800,
    progress: Callable[[str], object] = print,
    begun: Callable[[subprocess.Popen], object] = lambda process: None,
) -> Iterator[Server]:
    """Serve a model until the block ends; it begins when the server has given a token, or a label.

    The server ends with the block, and within seconds when this process dies, even by SIGKILL.

    Args:
        model: A directory, or an id as `catalog.models.resolve` takes it. It needs no chat template.
        port: On loopback; by default a free one.
        device: By default a GPU where there is one.
        max_len: Context in tokens.
        key: By default a random one.
        flags: Further options of `vllm serve`; they win over ours, apart from the address.
        timeout_s: Seconds until the first token, apart from a first installation.
        progress: Told in a sentence what takes long.
        begun: Given the process when the model begins to load; whoever ends it ends the wait for the first token.

    Raises:
        ValueError: If code that comes with a model is to be run, or further options are to be read from a file.
        ModelNotFound: If there are no weights.
        EnvironmentFailed: If vLLM cannot be installed.
        OSError: If the port is taken.
        ServerFailed: If vLLM ends at its start, or gives no token. A model that it cannot run may load well and end at
            the first request, so the first request is made here.
    """
    refuse_code(flags)
    device = device or device_here()
    folder = resolve(model).absolute()
    name = folder.name if Path(model).is_dir() else model
    environment = ensure_environment(device, progress)
    port, key = _free(port), key or secrets.token_urlsafe(24)
    log = cache().expanduser().absolute() / "logs" / f"vllm-{port}.log"
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = [*options_for(device, max_len), *flags, "--served-model-name", name, "--max-model-len", str(max_len)]
    address = ["--host", HOST, "--port", str(port)]  # last, so that no other option wins
    progress(f"starting vLLM on the {device.upper()}; its log is {log}")
    keeper: list[str | Path] = [sys.executable, "-I", PARTS / "keeper.py", str(os.getpid())]
    with open(log, "wb", opener=_private) as out:
        process = subprocess.Popen(
            [*keeper, environment / "bin" / "vllm", "serve", folder, *options, *address],
            env=_variables(environment, device, key),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,  # Ctrl-C in the terminal is for us: the server ends when we say so
        )
    try:
        begun(process)
        revision = folder.name if folder.parent.name == "snapshots" else weights_digest(folder)
        classifies = bool({"pooling", "--runner=pooling"} & set(flags))
        server = Server(f"http://{HOST}:{port}/v1", name, revision, key, log, process, classifies)
        _warm_up(server, timeout_s)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _free(port: int | None) -> int:
    """A port nobody listens at. vLLM would share one with another server, and half of the requests with it."""
    try:
        with socket.create_server((HOST, port or 0)) as listener:
            return int(listener.getsockname()[1])
    except OSError as error:
        raise OSError(error.errno, f"port {port} of {HOST} cannot be used: {error.strerror}") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _variables(environment: Path, device: Device, key: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    if device == "cpu":
        # The engine and its only worker in one process: half the time to start, a third less memory.
        ours["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    return ours | {
        "PATH": f"{environment / 'bin'}:{os.environ.get('PATH', os.defpath)}",
        "PYTHONNOUSERSITE": "1",
        "HF_HUB_OFFLINE": "1",
        "DO_NOT_TRACK": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_API_KEY": key,  # on the command line everybody could read it
        "VLLM_CACHE_ROOT": str(cache().expanduser().absolute() / "vllm"),
    }


def _warm_up(server: Server, timeout_s: float) -> None:
    """Wait until the server has given a token; a classifier, which writes none, a label."""
    path, asked = "/v1/completions", {"model": server.model, "prompt": "1", "max_tokens": 1, "temperature": 0}
    if server.classifies:
        path, asked = "/classify", {"model": server.model, "input": "1"}
    headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
    to = server.url.removesuffix("/v1") + path
    request = urllib.request.Request(to, json.dumps(asked).encode(), headers)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + timeout_s
    while (left := deadline - time.monotonic()) > 0:
        if server.process.poll() is not None:
            raise server.ended()
        try:
            with direct.open(request, timeout=left) as answer:
                json.load(answer)["usage"]
                return
        except urllib.error.HTTPError as error:
            raise ServerFailed(
                f"{server.model} is loaded, and its first request met HTTP {error.code}: vLLM cannot run it; the end "
                f"of {server.log}:\n{_end_of(server.log)}"
            ) from None
        except (OSError, HTTPException):  # it does not listen yet, or it just ended
            time.sleep(POLL_S)
    raise ServerFailed(f"vLLM gave no answer within {timeout_s:.0f} s; the end of {server.log}:\n{_end_of(server.log)}")


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").strip().splitlines()[-LOG_LINES:])
