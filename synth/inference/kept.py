"""Servers that outlive the job that started them: loading a model takes longer than most jobs of a run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from synth.inference.endpoint import Workers
from synth.inference.serve import Server

_ends: ExitStack | None = None  # a worker in a process of its own has none: its server ends with its job
_servers: dict[str, Server] = {}


@contextmanager
def kept_servers() -> Iterator[None]:
    """Keep the servers that jobs of this process start until the block ends; jobs of the same engine share one."""
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
    """The server that is kept for an engine, unless it has ended by itself."""
    server = _servers.get(engine.model_dump_json())
    return server if server is not None and server.process.poll() is None else None


def keep(engine: Workers, server: Server, own: ExitStack) -> None:
    """Take a server over with what ends it; outside of `kept_servers` it stays with its job."""
    if _ends is not None:
        _servers[engine.model_dump_json()] = server
        _ends.push(own.pop_all())
