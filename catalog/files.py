"""Where the immutable files of a store live: a local folder, or any file system that fsspec knows (S3 among them).

A file appears whole or not at all, and its name is the sha256 of its bytes: whoever reads it can tell that it is the
one that was written. Remote calls are repeated while a connection fails; what is gone or forbidden is not asked twice.
"""

import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

Result = TypeVar("Result")

TRIES = 4  # of ours, on top of those of the file system's own client
FIRST_WAIT = 0.2  # seconds; doubled with every try
MANY = 100


@dataclass(frozen=True)
class Entry:
    """A file as a listing shows it: name below the root, bytes, and when it was written (UTC)."""

    name: str
    size: int
    written: datetime


class LocalFiles:
    """Files below a local folder.

    Args:
        root: The folder.
        private: Readable by their owner alone, as what may hold restricted rows must be.
    """

    def __init__(self, root: Path, *, private: bool = True) -> None:
        self.root = root
        self.private = private

    def put(self, name: str, data: bytes) -> None:
        """Write a file beside its place, sync it, rename it. One that stands is left, and is young again for `gc`."""
        path = self.root / name
        if path.exists() and path.read_bytes() == data:
            os.utime(path)
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if self.private else 0o777)
        beside = path.with_name(f".{path.name}.{uuid4().hex}")  # of its own for every thread of every host
        mode = 0o600 if self.private else 0o666
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def has(self, name: str) -> bool:
        """Whether the file is there."""
        return (self.root / name).exists()

    def missing(self, names: Sequence[str]) -> list[str]:
        """Those of the files that are not there."""
        return [name for name in names if not self.has(name)]

    def local(self, name: str, sha256: str) -> Path | None:
        """The file itself, if its bytes are the ones that were written; None if it is missing.

        Raises:
            ValueError: If the bytes are others.
        """
        path = self.root / name
        if not path.exists():
            return None
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise ValueError("its sha256 differs from its name")
        return path

    def entries(self, folder: str) -> Iterator[Entry]:
        """Every file below a folder, half-written ones of killed processes included."""
        for path in sorted((self.root / folder).rglob("*")):
            if path.is_file():
                found = path.stat()
                name = path.relative_to(self.root).as_posix()
                yield Entry(name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def delete(self, name: str) -> None:
        """Remove a file."""
        (self.root / name).unlink(missing_ok=True)

    def __str__(self) -> str:
        """The folder."""
        return str(self.root)


class RemoteFiles:
    """Files below a URL, with copies in a local folder once they were read.

    Args:
        url: Such as `s3://bucket/prefix`; credentials come from where the file system looks for them.
        cache: Local folder for the copies.
    """

    def __init__(self, url: str, cache: Path) -> None:
        import fsspec

        if url.startswith("memory:"):
            raise ValueError(f"{url}: what lies in memory is gone with its process")
        self.url = url.rstrip("/")
        self.cache = LocalFiles(cache)
        try:
            self.system, self._root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
        except ImportError as error:
            raise RuntimeError(f"{url} needs a package that is missing ({error}): pip install -e '.[s3]'") from None
        except ValueError as error:
            raise ValueError(f"{url}: {error}") from None
        self._objects = "s3" in self.system.protocol  # an object store has no folders to be made

    def put(self, name: str, data: bytes) -> None:
        """Upload a file, which the other side takes whole or not at all; then compare its size."""
        path = f"{self._root}/{name}"
        if not self._objects:
            self.system.makedirs(path.rpartition("/")[0], exist_ok=True)
        self._again(lambda: self.system.pipe_file(path, data), f"write {self.url}/{name}")
        found = self._again(lambda: self.system.info(path), f"look at {self.url}/{name}")
        if found["size"] != len(data):
            raise OSError(f"{self.url}/{name} has {found['size']} bytes, {len(data)} were sent")

    def has(self, name: str) -> bool:
        """Whether the file is there."""
        return bool(self._again(lambda: self.system.exists(f"{self._root}/{name}"), f"look at {self.url}/{name}"))

    def missing(self, names: Sequence[str]) -> list[str]:
        """Those of the files that are not there; many are looked for in listings of a thousand, not one by one."""
        if len(names) < MANY:
            return [name for name in names if not self.has(name)]
        folders = {name.partition("/")[0] for name in names}
        here = {entry.name for folder in folders for entry in self.entries(folder)}
        return [name for name in names if name not in here]

    def local(self, name: str, sha256: str) -> Path | None:
        """A local copy, downloaded if needed, of the bytes that were written; None if the file is missing.

        Raises:
            ValueError: If the bytes are others, however often they are asked for.
            OSError: If the other side cannot be reached.
        """
        try:
            kept = self.cache.local(name, sha256)
        except ValueError:
            kept = None  # a damaged copy is only a copy
            self.cache.delete(name)
        if kept:
            return kept

        def download() -> bytes:
            data = self.system.cat_file(f"{self._root}/{name}")
            if hashlib.sha256(data).hexdigest() != sha256:
                raise _Cut
            return data

        try:
            data = self._again(download, f"read {self.url}/{name}")
        except FileNotFoundError:
            return None
        except _Cut:
            raise ValueError("its sha256 differs from its name") from None
        self.cache.put(name, data)
        return self.cache.root / name

    def entries(self, folder: str) -> Iterator[Entry]:
        """Every file below a folder."""
        found = self._again(
            lambda: self.system.find(f"{self._root}/{folder}", detail=True), f"list {self.url}/{folder}"
        )
        for path, info in sorted(found.items()):
            written = info.get("LastModified") or info.get("mtime") or info.get("created") or datetime.now(UTC)
            if not isinstance(written, datetime):
                written = datetime.fromtimestamp(written, UTC)
            yield Entry(path.removeprefix(f"{self._root}/"), info["size"], written)

    def delete(self, name: str) -> None:
        """Remove a file."""
        self._again(lambda: self.system.rm_file(f"{self._root}/{name}"), f"delete {self.url}/{name}")

    def _again(self, call: Callable[[], Result], what: str) -> Result:
        """The result of a call that is repeated, with growing pauses, while the connection fails."""
        for left in reversed(range(TRIES)):
            try:
                return call()
            except (FileNotFoundError, PermissionError):
                raise
            except (OSError, _Cut, *_connection_errors()) as error:  # type: ignore[misc]
                if left:
                    time.sleep(FIRST_WAIT * 2 ** (TRIES - 1 - left) * random.uniform(0.5, 1))
                elif isinstance(error, _Cut):
                    raise
                else:
                    raise OSError(f"cannot {what} after {TRIES} tries: {error}") from error
        raise AssertionError("unreachable")

    def __str__(self) -> str:
        """The URL."""
        return self.url


class _Cut(Exception):
    """Bytes came, but not the ones that were written."""


def _connection_errors() -> tuple[type[Exception], ...]:
    """What the S3 client raises that is no OSError, if it is installed."""
    try:
        from aiohttp import ClientError
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return ()
    return (BotoCoreError, ClientError)


Files = LocalFiles | RemoteFiles


def open_files(place: Path | str, *, cache: Path) -> Files:
    """The files below a folder or a URL."""
    return RemoteFiles(str(place), cache) if "://" in str(place) else LocalFiles(Path(place))
