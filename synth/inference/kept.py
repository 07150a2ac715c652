"""Servers that outlive the job that started them: loading a model takes longer than most jobs of a run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from synth.inference.endpoint import Workers
from synth.inference.serve import Server

_ends: ExitStack | None = None  # a worker in a process of its own has none: its server ends with its job
_servers: dict[str, Server] = {}


@contextmanager
def kept_servers() -> Iterator[None]:
    """Keep the server that a job of this process starts until the block ends, or a job wants another: a GPU holds one.

    For one thread of a process.
    """
    global _ends
    if _ends is not None:  # who began first ends them
        yield
        return
    _ends = ExitStack()
    try:
        yield
    finally:
        ends, _ends = _ends, None
        _servers.clear()
        ends.close()


def running(engine: Workers) -> Server | None:
    """The server that is kept for an engine, unless it has ended by itself; one of another engine makes room."""
    server = _servers.get(engine.model_dump_json())
    if server is not None and server.process.poll() is None:
        return server
    _servers.clear()
    if _ends is not None:
        _ends.close()
    return None


def keep(engine: Workers, server: Server, own: ExitStack) -> None:
    """Take a server over with what ends it; outside of `kept_servers` it stays with its job."""
    if _ends is not None:
        _servers[engine.model_dump_json()] = server
        _ends.push(own.pop_all())
