"""Real servers for the tests of this floor: PostgreSQL as Debian installs it, S3 as moto serves it, and bad weather."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import threading
from contextlib import contextmanager, suppress
from pathlib import Path


def postgres_programs():
    """Folder of `initdb` and `postgres`, or None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


@contextmanager
def postgres(folder):
    """A PostgreSQL server of its own on a socket in `folder`; yields the SQLAlchemy URL of a database."""
    programs = postgres_programs()
    as_user = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        nobody = pwd.getpwnam("nobody")
        as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        folder.chmod(0o755)
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "safeladder", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        env=environment,
        cwd=folder,
        **as_user,
    )
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=folder,
        **as_user,
    )
    try:
        _wait_for(folder / ".s.PGSQL.5432", server)
        yield f"postgresql+psycopg://safeladder@/postgres?host={folder}"
    finally:
        server.send_signal(signal.SIGINT)  # at once, whoever is connected
        server.wait(30)


def _wait_for(path, server):
    for _ in range(300):
        if path.exists():
            return
        assert server.poll() is None, "PostgreSQL did not start"
        threading.Event().wait(0.1)
    raise AssertionError("PostgreSQL did not open its socket")


@contextmanager
def cutting_proxy(port, *, rate, seed=0):
    """A door to a local port that slams: a connection is cut, at random, after some bytes in either direction.

    Args:
        port: Where the real server listens.
        rate: Share of the connections that are cut, 0 to 1.
        seed: Seed of the draw.

    Yields:
        The port of the door, and a dict that counts `connections` and `cut`.
    """
    rng, lock = random.Random(seed), threading.Lock()
    counts = {"connections": 0, "cut": 0}
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source, target, budget):
        try:
            while data := source.recv(4096):
                if budget is not None:
                    budget[0] -= len(data)
                    if budget[0] < 0:
                        break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with lock:
                counts["connections"] += 1
                budget = [rng.randrange(200, 6000)] if rng.random() < rate else None
                counts["cut"] += budget is not None
            server = socket.create_connection(("127.0.0.1", port))
            for pair in ((client, server), (server, client)):
                threading.Thread(target=pump, args=(*pair, budget), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1], counts
    finally:
        listener.close()
