"""Where things are: the store, the data root, and what both default to."""

import os
from pathlib import Path


def store_path(option: str | Path | None) -> Path:
    """Folder of the store: `--store`, else `$SAFELADDER_STORE`, else `./store`.

    A URL stands for a local folder that knows it, and `$SAFELADDER_LEDGER` for the ledger of one that is new here.
    """
    place = str(option or os.environ.get("SAFELADDER_STORE") or "store")
    if "://" not in place:
        return Path(place)
    from catalog.place import folder_of

    return folder_of(place, ledger=os.environ.get("SAFELADDER_LEDGER"))


def data_root(option: Path | None) -> Path:
    """Folder with local copies of public sets: `--data`, else `$SAFELADDER_DATA`, else `./data`."""
    return option or Path(os.environ.get("SAFELADDER_DATA") or "data")
