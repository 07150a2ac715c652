"""Where the parts of a store are: `store.json` in its folder names files and ledger that are kept elsewhere.

A store is a local folder. Its segments and media may lie at a URL (`s3://bucket/prefix`), its ledger may be PostgreSQL;
both can then be shared by many hosts, and the folder keeps what is local: the catalog, work in progress, copies.
"""

import os
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from catalog.models import cache

FILE = "store.json"
LEDGER = "ledger.sqlite"


class Place(BaseModel):
    """What `store.json` says; null means in the folder itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: str | None = None
    ledger: str | None = None


def read(folder: Path) -> Place:
    """What a folder says of itself.

    Raises:
        ValueError: If its `store.json` is not valid.
    """
    try:
        return Place.model_validate_json((folder / FILE).read_bytes())
    except FileNotFoundError:
        return Place()
    except ValidationError as error:
        wrong = error.errors()[0]["msg"]
        raise ValueError(f"{folder / FILE}: {wrong}; expected the keys `files` and `ledger`") from None


def exists(folder: Path) -> bool:
    """Whether there is a store in this folder."""
    return (folder / LEDGER).exists() or (folder / FILE).exists()


def settle(folder: Path, *, files: str | None = None, ledger: str | None = None) -> None:
    """Make a folder that keeps its files or its ledger elsewhere.

    Args:
        folder: New, or settled in the same way before.
        files: URL for segments and media.
        ledger: SQLAlchemy URL, such as `postgresql+psycopg://user@host/name`; leave the password to `~/.pgpass`.

    Raises:
        ValueError: If the folder holds a store that was settled otherwise.
    """
    place = Place(files=files, ledger=ledger)
    if exists(folder) and read(folder) != place:
        raise ValueError(f"{folder} holds a store already, with its parts elsewhere: name another folder")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = folder / f".{FILE}.{os.getpid()}"
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(place.model_dump_json(indent=1))
    beside.replace(folder / FILE)


def folder_of(url: str, *, ledger: str | None) -> Path:
    """The local folder of a store that is named by a URL; made when first asked for.

    Args:
        url: Where its segments and media lie.
        ledger: URL of its ledger; a ledger cannot lie on an object store.

    Raises:
        ValueError: If the store is new here and no ledger was named, or another one than before.
    """
    url = url.rstrip("/")
    folder = cache() / "stores" / sha256(url.encode()).hexdigest()[:16]
    if ledger is None and not exists(folder):
        raise ValueError(
            f"--store {url}: files may lie there, but not the ledger: set SAFELADDER_LEDGER to its URL, "
            "postgresql+psycopg://user@host/name or sqlite:////absolute/path"
        )
    if ledger is not None:
        settle(folder, files=url, ledger=ledger)
    return folder
