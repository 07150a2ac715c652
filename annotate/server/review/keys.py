"""The secrets of a server home: random, made once, readable by their owner only."""

import json
import os
import secrets
import stat
from pathlib import Path

OWNER = "owner"


def ensure(home: Path) -> dict[str, str]:
    """Secrets of the server at `home`, made when there are none; only the server itself makes them.

    Raises:
        PermissionError: As `load`.
    """
    path = home / "secrets.json"
    if not path.exists():
        _write(path, auth_secret=secrets.token_hex(32), owner_password=_word(), owner_api_key=secrets.token_urlsafe(48))
    return load(home)


def load(home: Path) -> dict[str, str]:
    """Secrets that are there.

    Returns:
        `auth_secret` (signs the annotators' sessions), `owner_password`, `owner_api_key`.

    Raises:
        FileNotFoundError: If there are none yet.
        PermissionError: If the file can be read by anyone but its owner.
    """
    path = home / "secrets.json"
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise PermissionError(f"{path} has mode {mode:o}, open to others: chmod 600 it, or delete it for new keys")
    return json.loads(path.read_text())


def _word() -> str:
    return secrets.token_urlsafe(18)


def _write(path: Path, **values: str) -> None:
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(values, file, indent=1)
    draft.replace(path)
