"""Open a file as it lies there: through gzip where its first bytes say so, and with a clear word where it cannot be."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from corpus.readers.record import ReadError

GZIP = b"\x1f\x8b"


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, through gzip where it is compressed, whatever its name.

    Raises:
        ReadError: If it is missing, a folder, not readable for this user, or a gzip file that is cut or damaged.
    """
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == GZIP
            file.seek(0)
            yield cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if compressed else file
    except IsADirectoryError:
        raise ReadError(f"{path} is a folder; expected a file: let the description name the files in it") from None
    except PermissionError:
        raise ReadError(f"{path} may not be read by this user: change its permissions (chmod u+r)") from None
    except FileNotFoundError:
        raise ReadError(f"{path} is not there: put it back, or take it out of the description") from None
    except EOFError:
        raise ReadError(f"{path} is a gzip file that ends too early: fetch it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ReadError(f"{path} is a damaged gzip file ({type(error).__name__}): fetch it again") from None


def is_gzip(path: Path) -> bool:
    """Whether a file is compressed, by its first bytes."""
    with path.open("rb") as file:
        return file.read(2) == GZIP


def sha256(path: Path) -> str:
    """Sha256 of a file as it lies there.

    Raises:
        ReadError: If it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ReadError(f"{path} cannot be read: {error.strerror}") from None
