"""The Argilla client, the environment of its server, and the server of this store."""

import shlex
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from safeladder.doctor import packages
from safeladder.doctor.finding import Finding, Request, missing, ok, wrong


def look(request: Request) -> Iterator[Finding]:
    """Look at what human review needs."""
    yield from packages.check("argilla", "requests", needed_for="human review")
    if request.alone and packages.installed("argilla"):
        import argilla

        yield ok(f"the client can be imported: {argilla.__name__}")
    yield from _environment(request.store)
    yield _server(request.store)


def _environment(store: Path) -> Iterator[Finding]:
    from annotate.environment import environment_folder

    folder = environment_folder()
    if not (folder / "whole").exists():
        yield missing(
            f"the server's environment is not made yet ({folder}); needed for a review server on this machine",
            f"safeladder annotate up --store {shlex.quote(str(store))}",
        )
        return
    code = "from importlib.metadata import version; print(version('argilla-server'))"
    try:
        done = subprocess.run([folder / "bin" / "python", "-c", code], capture_output=True, text=True)
        found = done.stdout.strip()
    except OSError:  # its interpreter is a link to one that is gone
        found = ""
    if found:
        yield ok(f"argilla-server {found} in an environment of its own: {folder}")
    else:
        yield wrong(f"the server's environment does not run: {folder}", f"rm -r {shlex.quote(str(folder))}")


def _server(store: Path) -> Finding:
    from annotate.control import HOST, status

    home, option = store / "argilla", f"--store {shlex.quote(str(store))}"
    state, server = status(home)
    if state == "running" and server:
        return ok(f"the server of this store runs at {server.url}")
    if state == "silent":
        return wrong(
            f"the server of this store does not answer; its log is {home / 'server.log'}",
            f"safeladder annotate down {option} && safeladder annotate up {option}",
        )
    if (port := _last_port(home)) is None:
        return missing("no server for this store so far; needed for human review", f"safeladder annotate up {option}")
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return missing(
            f"the server of this store is stopped, and its port {port} is taken by another program: it would get "
            "another port, and reviewers need their bookmarks changed",
            f"ss -ltnp sport = :{port}",
        )
    return ok(f"the server of this store is stopped; its port {port} is free")


def _last_port(home: Path) -> int | None:
    import json

    try:
        return int(json.loads((home / "server.json").read_text())["port"])
    except FileNotFoundError:
        return None
