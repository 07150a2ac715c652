"""`python -m review HOME FD`: serve the review server of HOME on the listening socket that is open as FD.

The one who starts it (`annotate.control`) also hands down a locked file, which says that HOME is being served for as
long as this process lives.
"""

import asyncio
import json
import os
import shutil
import socket
import sys
from pathlib import Path

from . import keys


def configure(home: Path, auth_secret: str) -> None:
    """Set Argilla's environment; it reads it when it is first imported."""
    scratch = home / "scratch"  # each start copies the web pages: clear away the last one's
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    os.environ |= {
        "ARGILLA_HOME_PATH": str(home),
        "ARGILLA_SEARCH_ENGINE": "sql",
        "ARGILLA_AUTH_SECRET_KEY": auth_secret,
        "ARGILLA_AUTH_OAUTH_CFG": str(home / "oauth.yaml"),
        "ARGILLA_CORS_ORIGINS": "[]",
        "ARGILLA_DATABASE_SQLITE_TIMEOUT": "30",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(home / "hf"),
        "TMPDIR": str(scratch),
    }


def serve(home: Path, listener: socket.socket, found: dict[str, str]) -> None:
    """Bring the database up to date, dress the app and serve it until SIGTERM."""
    configure(home, found["auth_secret"])
    import uvicorn

    from . import database, guard, jobs, tune

    database.prepare(home)
    asyncio.run(database.ensure_owner(keys.OWNER, found["owner_password"], found["owner_api_key"]))
    from argilla_server._app import app

    from . import engine  # noqa: F401  registers itself under the name that the settings ask for

    jobs.install()
    tune.install()
    guard.install(app)
    options = {"access_log": False, "server_header": False, "timeout_graceful_shutdown": 5}
    uvicorn.Server(uvicorn.Config(app, **options)).run(sockets=[listener])


def main() -> None:
    os.umask(0o077)
    home, listener = Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2]))
    host, port = listener.getsockname()
    found = keys.ensure(home)
    draft = home / "server.json.draft"
    draft.write_text(json.dumps({"pid": os.getpid(), "port": port, "url": f"http://{host}:{port}"}))
    draft.replace(home / "server.json")
    serve(home, listener, found)


if __name__ == "__main__":
    main()
