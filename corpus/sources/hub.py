"""Data sets of the Hugging Face Hub, row by row through `datasets`; pictures stay the bytes they are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catalog.ids import digest
from corpus.readers import BadRecord, ReadError, Record
from corpus.readers.files import open_bytes, sha256
from corpus.readers.record import to_record
from corpus.readers.tables import without_padding
from corpus.sources.description import Hub


def name_of(hub: Hub) -> str:
    """What stands for a split where other sources have the name of a file."""
    return f"hub/{hub.config or 'default'}/{hub.split}"


def rows(hub: Hub, folder: Path) -> Iterator[Record | BadRecord]:
    """Rows of a split in order, from the local copy of the set if there is one.

    Args:
        hub: Which set and split.
        folder: Where a local copy would lie.

    Raises:
        ReadError: If it cannot be reached or read; says how to get a local copy.
        ModuleNotFoundError: If `datasets` is not installed.
    """
    number = 0
    try:
        for row in _stream(hub, folder):
            number += 1
            yield to_record(number, {name: _with_bytes(without_padding(value)) for name, value in row.items()})
    except (ReadError, ModuleNotFoundError):
        raise
    except Exception as error:  # the library raises errors of every kind for what it cannot reach or parse
        raise _unreadable(hub, folder, error) from None


def _stream(hub: Hub, folder: Path) -> Any:
    import datasets

    local = folder.is_dir()
    found = datasets.load_dataset(
        str(folder) if local else hub.id,
        hub.config,
        split=hub.split,
        revision=None if local else hub.revision,
        streaming=True,
    )
    return found.decode(False)


def _with_bytes(value: Any) -> Any:
    """A picture that is known by its path alone, with its bytes."""
    if isinstance(value, list):
        return [_with_bytes(item) for item in value]
    if isinstance(value, dict):
        if set(value) == {"path"} and isinstance(value["path"], str) and Path(value["path"]).is_absolute():
            with open_bytes(Path(value["path"])) as file:
                return {**value, "bytes": file.read()}
        return {key: _with_bytes(item) for key, item in value.items()}
    return value


def version(hub: Hub, folder: Path) -> str:
    """What changes when the set does: the files of its local copy, or its commit on the Hub.

    Raises:
        ReadError: If there is no local copy and the Hub cannot be reached.
    """
    if folder.is_dir():
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return digest({path.relative_to(folder).as_posix(): sha256(path) for path in files})
    try:
        from huggingface_hub import HfApi

        return str(HfApi().dataset_info(hub.id, revision=hub.revision).sha)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise _unreadable(hub, folder, error) from None


def _unreadable(hub: Hub, folder: Path, error: Exception) -> ReadError:
    what = f"{type(error).__name__}: {(str(error).strip() or 'no message').splitlines()[0][:200]}"
    if folder.is_dir():
        return ReadError(f"the copy of {hub.id} in {folder} cannot be read as split {hub.split!r} ({what})")
    get = f"hf download --repo-type dataset {hub.id} --local-dir {folder}"
    if hub.revision:
        get += f" --revision {hub.revision}"
    return ReadError(f"{hub.id} cannot be read from the Hub ({what}); where there is internet: {get}")
