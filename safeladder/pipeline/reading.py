"""Reading ahead: files of sources cut into pieces, each read once by whichever worker is free and kept as a folder.

A piece is some whole files of one source; its name is the digest of what they hold and of their description. Its folder
appears when all of it is written, so a killed run reads again only what was being read.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl

from catalog import digest
from corpus import pieces, sources
from corpus.readers import ReadError
from corpus.workers import each
from safeladder.pipeline.frames import empty

PIECE_BYTES = 4_000_000
PIECE_FILES = 200


class Piece(NamedTuple):
    """Some files of a source that are read in one go, and the folder that holds what came of them.

    `digests` are those of all files of the source, lookup tables included, as its stage has them.
    """

    source: sources.Source
    root: Path
    files: tuple[str, ...]
    folder: Path
    digests: Mapping[str, str]


class Part(NamedTuple):
    """A batch of a piece; `media` has the columns of the media table and `data`, the bytes."""

    rows: pl.DataFrame
    rejections: pl.DataFrame
    media: pl.DataFrame
    notes: pl.DataFrame


def cut(
    source: sources.Source, root: Path, digests: Mapping[str, str], folder: Path, *, pictures: str | None = None
) -> list[Piece]:
    """Cut files into pieces of `PIECE_BYTES`, in order; a larger file is a piece of its own.

    Args:
        source: Their description.
        root: Data root.
        digests: sha256 by file, lookup tables included.
        folder: Where the folders of the pieces go.
        pictures: Digest of the pictures that its records may name.
    """
    groups: list[list[str]] = []
    size = 0
    for file in digests:
        here = sources.size_of(source, root, file)
        if not groups or size + here > PIECE_BYTES or len(groups[-1]) == PIECE_FILES:
            groups.append([])
            size = 0
        groups[-1].append(file)
        size += here
    # A lookup table or a picture may change what comes of any file, so the digests of all stand in every name.
    described = digest([source.model_dump(mode="json"), dict(digests), pictures])
    return [Piece(source, root, tuple(files), folder / digest([described, files]), digests) for files in groups]


def read_all(own: Iterable[Piece], ahead: Iterable[Piece], *, workers: int, tick: Callable[[int, int], None]) -> None:
    """Read every piece that is not there yet.

    Args:
        own: Pieces of this stage.
        ahead: Pieces of stages to come; what cannot be read is left for the stage that needs it.
        workers: Processes.
        tick: Told how many of how many pieces are done.

    Raises:
        Exception: What reading a piece of this stage raises.
    """
    jobs = [*((piece, True) for piece in own), *((piece, False) for piece in ahead)]
    for folder in {piece.folder.parent for piece, _ in jobs}:
        pieces.sweep(folder, {piece.folder.name for piece, _ in jobs})
    left = [job for job in jobs if not job[0].folder.exists()]
    tick(len(jobs) - len(left), len(jobs))
    for done, _ in enumerate(each(_read, left, workers=workers), start=len(jobs) - len(left) + 1):
        tick(done, len(jobs))


def _read(job: tuple[Piece, bool]) -> None:
    piece, own = job
    try:
        _write(piece)
    except Exception:
        if own:
            raise


def _write(piece: Piece) -> None:
    beside = piece.folder.with_name(f".{piece.folder.name}.{os.getpid()}")
    beside.mkdir(parents=True)
    columns = empty("media").with_columns(data=pl.lit(None, pl.Binary)).schema
    records = parts = 0
    for file in piece.files:
        for part in sources.read(piece.source, piece.root, file):
            pieces.write(beside / f"{parts:05d}.rows", part.rows)
            pieces.write(beside / f"{parts:05d}.rejections", part.rejections)
            pieces.write(beside / f"{parts:05d}.notes", part.notes)
            media = [{**row, "data": data} for row, data in part.media]
            pieces.write(beside / f"{parts:05d}.media", pl.DataFrame(media, schema=columns))
            records += part.records
            parts += 1
    _unchanged(piece)
    pieces.write(beside / "counts", pl.DataFrame({"records": [records], "parts": [parts]}))
    try:
        beside.rename(piece.folder)
    except OSError:  # another run has read the same piece meanwhile
        if not piece.folder.exists():
            raise
        shutil.rmtree(beside)


def _unchanged(piece: Piece) -> None:
    """Refuse what was read of a file that is no longer the one whose digest will stand beside its rows."""
    entries = [sources.entry_of(piece.source, file) for file in piece.files]
    tables = {lookup.file for entry in entries if entry for lookup in entry.lookups}
    for file in sorted({*piece.files, *tables}):
        if sources.digest_of(piece.source, piece.root, file) != piece.digests[file]:
            path = sources.path_of(piece.source, piece.root, file)
            raise ReadError(f"{path} changed while it was read: run again, once nobody writes to it")


def records_of(piece: Piece) -> int:
    """Records that were read."""
    return int(_known(piece)["records"])


def parts_of(piece: Piece) -> Iterator[Part]:
    """What came of a piece that was read, in the order of its records."""
    for n in range(_known(piece)["parts"]):
        yield Part(*(pl.read_parquet(piece.folder / f"{n:05d}.{name}") for name in Part._fields))


def _known(piece: Piece) -> dict[str, int]:
    return pl.read_parquet(piece.folder / "counts").row(0, named=True)
