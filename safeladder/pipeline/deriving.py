"""Making rows piece by piece: each piece is made once by whichever worker is free, and kept as a folder of frames.

The pictures of a piece are in the store before its folder appears, so a killed run makes again only what it was at.
"""

import os
import shutil
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import polars as pl

from catalog import Store
from catalog.store import media_name
from corpus import pieces
from corpus.workers import each

PUTS = 16  # pictures at once: each waits for the disk or the network, and a file system syncs several together
Frames = Mapping[str, pl.DataFrame]


class Piece(NamedTuple):
    """The folder that holds what came of a piece, and what makes it: a function with its arguments, for a worker.

    It gives frames by name; `media` among them has `data`, the files.
    """

    folder: Path
    make: Callable[[], Frames]


def make_all(cut: Sequence[Piece], store: Store, *, workers: int, tick: Callable[[int, int], None]) -> None:
    """Make every piece that is not there yet.

    Args:
        cut: Pieces of one folder; what else lies there is removed.
        store: For the pictures.
        workers: Processes.
        tick: Told how many of how many pieces are done.
    """
    for folder in {piece.folder.parent for piece in cut}:
        pieces.sweep(folder, {piece.folder.name for piece in cut})
    left = [piece for piece in cut if not _is_whole(piece, store)]
    tick(len(cut) - len(left), len(cut))
    for done, _ in enumerate(each(partial(_make, store.path), left, workers=workers), start=len(cut) - len(left) + 1):
        tick(done, len(cut))


def read(piece: Piece, name: str) -> pl.DataFrame:
    """A frame of a piece that was made."""
    return pl.read_parquet(piece.folder / name)


def _is_whole(piece: Piece, store: Store) -> bool:
    """Whether a piece is there with its pictures, which a collector may have taken: nothing lists them yet."""
    if not piece.folder.exists():
        return False
    if store.files.missing([media_name(name) for name in read(piece, "media")["media_id"]]):
        shutil.rmtree(piece.folder)
        return False
    return True


def _make(store: Path, piece: Piece) -> None:
    frames = piece.make()
    with ThreadPoolExecutor(PUTS) as threads:
        deque(threads.map(Store(store).put_media, frames["media"]["data"]), maxlen=0)
    beside = piece.folder.with_name(f".{piece.folder.name}.{os.getpid()}")
    for name, frame in frames.items():
        pieces.write(beside / name, frame.drop("data", strict=False))
    try:
        beside.rename(piece.folder)
    except OSError:  # a worker of a killed run was still at it
        if not piece.folder.exists():
            raise
        shutil.rmtree(beside)
