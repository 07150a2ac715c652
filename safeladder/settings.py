"""Where things are: the store, the data root, and what both default to."""

import os
from pathlib import Path


def store_path(option: Path | None) -> Path:
    """Folder of the store: `--store`, else `$SAFELADDER_STORE`, else `./store`."""
    path = str(option or os.environ.get("SAFELADDER_STORE") or "store")
    if ":/" in path:
        raise ValueError(f"--store {path}: a store is a local folder so far")
    return Path(path)


def data_root(option: Path | None) -> Path:
    """Folder with local copies of public sets: `--data`, else `$SAFELADDER_DATA`, else `./data`."""
    return option or Path(os.environ.get("SAFELADDER_DATA") or "data")
