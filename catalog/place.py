"""Where the parts of a store are: `store.json` in its folder names files and ledger that are kept elsewhere.

A store is a local folder. Its segments and media may lie at a URL (`s3://bucket/prefix`), its ledger may be PostgreSQL;
both can then be shared by many hosts, and the folder keeps what is local: the catalog, work in progress, copies.
"""

import os
import tempfile
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.engine import make_url

from catalog.files import open_files
from catalog.ledger import open_ledger
from catalog.models import cache

FILE = "store.json"
PROBE = "probe"
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
        ValueError: If the folder holds a store that was settled otherwise, or the ledger's URL holds a password.
        RuntimeError: If the ledger cannot be reached.
        OSError: If nothing can be written at `files`.
    """
    place = Place(files=files, ledger=ledger)
    if exists(folder) and (there := read(folder)) != place:
        where = f"files at {there.files or folder}, ledger at {there.ledger or folder}"
        raise ValueError(f"{folder} holds a store already, {where}: name another folder")
    if exists(folder):
        return
    if ledger is not None and make_url(ledger).password is not None:
        raise ValueError("the ledger's URL holds a password, and store.json would hold it too: put it into ~/.pgpass")
    _try(place)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = folder / f".{FILE}.{os.getpid()}"
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(place.model_dump_json(indent=1))
    beside.replace(folder / FILE)


def _try(place: Place) -> None:
    """Write and read where the parts of a store are to be, before anything says that they are there."""
    with tempfile.TemporaryDirectory() as cache:
        if place.files is not None:
            files = open_files(place.files, cache=Path(cache))
            files.put(PROBE, b"written to see that it can be")
            files.delete(PROBE)
        if place.ledger is not None:
            open_ledger(place.ledger).dispose()


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
