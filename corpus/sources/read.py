"""Read a source: files in, batches of rows out, with every rejection and every picture."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from corpus import readers
from corpus.readers.files import is_gzip, sha256
from corpus.readers.open import format_of as form_of
from corpus.sources import hub, pictures
from corpus.sources.batch import Batch, Ingested
from corpus.sources.description import Files, Lookup, Source
from corpus.sources.mapping import Tables
from corpus.sources.template import Rejected, as_text, look_up

SEED = Path(__file__).parents[1] / "seed"


def folder_of(source: Source, root: Path) -> Path:
    """Where the files of a source lie: in the seed, in the data root, or beside a description of one's own."""
    here = SEED if source.packaged else Path(root) / source.slug
    return source.beside if source.beside and not here.is_dir() else here


def copy_of(source: Source, root: Path) -> Path:
    """Where a local copy of a set of the Hub would lie: in the data root alone, never beside a description."""
    return Path(root) / source.slug


def path_of(source: Source, root: Path, file: str) -> Path:
    """Where a file of the source lies."""
    return folder_of(source, root) / file


def files(source: Source, root: Path) -> list[str]:
    """Files that the source is read from, lookup tables included, relative to its folder and sorted.

    A split of a set on the Hub stands there as `hub/CONFIG/SPLIT`.

    Args:
        source: The description.
        root: Folder that holds one folder for each source, named by its slug.

    Raises:
        FileNotFoundError: If the data root, the folder or a file is missing; says what was expected where, and how to
            get it.
        ValueError: If two entries of the description match a file.
    """
    folder = folder_of(source, root)
    get_it = f"get the set from {source.home} and put it there"
    if not folder.is_dir() and any(entry.glob for entry in source.files):
        if not Path(root).is_dir():
            raise FileNotFoundError(f"the data root {root} does not exist (--data or SAFELADDER_DATA)")
        raise FileNotFoundError(f"source {source.slug}: expected its files in {folder}; {get_it}")
    found: set[str] = set()
    tables = _tables(source)
    for entry in source.files:
        here = [hub.name_of(entry.hub)] if entry.hub else []
        if entry.glob:
            here = [path.relative_to(folder).as_posix() for path in folder.glob(entry.glob) if _is_file(source, path)]
            here = [file for file in here if file == entry.glob or file not in tables]
        if not here:
            raise FileNotFoundError(f"source {source.slug}: nothing in {folder} matches {entry.glob}; {get_it}")
        if twice := sorted(found & set(here)):
            raise ValueError(f"source {source.slug}: two entries of its description match {twice[0]}")
        found |= set(here)
    for file in sorted(tables):
        if not (folder / file).is_file():
            raise FileNotFoundError(f"source {source.slug}: {folder} has no {file}; {get_it}")
    return sorted(found | tables)


def _is_file(source: Source, path: Path) -> bool:
    if path.is_symlink() and not path.exists():
        raise FileNotFoundError(f"source {source.slug}: {path} is a link to nothing: mend or remove it")
    return path.is_file()


def _tables(source: Source) -> set[str]:
    """Its lookup tables; a pattern that matches one does not make it records, only its own name as `glob` does."""
    return {lookup.file for entry in source.files for lookup in entry.lookups}


def entry_of(source: Source, file: str) -> Files | None:
    """The part of the description that a file belongs to; None for a lookup table.

    Raises:
        FileNotFoundError: If it belongs to none.
    """
    table = file in _tables(source)
    for entry in source.files:
        if (entry.hub and hub.name_of(entry.hub) == file) or (
            entry.glob and (entry.glob == file if table else matches(entry.glob, file))
        ):
            return entry
    if table:
        return None
    globs = ", ".join(hub.name_of(entry.hub) if entry.hub else str(entry.glob) for entry in source.files)
    raise FileNotFoundError(f"source {source.slug} has no file {file}; its description reads {globs}")


def matches(glob: str, file: str) -> bool:
    """Whether a relative path is one that `Path.glob` finds."""
    return _matches(tuple(glob.split("/")), tuple(file.split("/")))


def _matches(glob: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if not glob or not path:
        return not glob and not path
    if glob[0] == "**":
        return _matches(glob[1:], path) or _matches(glob, path[1:])
    return fnmatchcase(path[0], glob[0]) and _matches(glob[1:], path[1:])


def digest_of(source: Source, root: Path, file: str) -> str:
    """What changes when a file does: its sha256, or the version of a set on the Hub.

    Raises:
        corpus.readers.ReadError: If it cannot be read or reached.
    """
    entry = entry_of(source, file)
    if entry and entry.hub:
        return hub.version(entry.hub, copy_of(source, root))
    return sha256(path_of(source, root, file))


def pictures_of(source: Source, root: Path) -> str | None:
    """Digest of the pictures that records may name; None where no row shows any, or its files are the pictures.

    Raises:
        corpus.readers.ReadError: If one cannot be read.
    """
    shows = any(row.shows() for entry in source.files if entry.format != "images" for row in entry.rows)
    return pictures.digest_of(folder_of(source, root)) if shows else None


def size_of(source: Source, root: Path, file: str) -> int:
    """Bytes of a file; 0 for a set on the Hub, whose size nobody knows before it is read."""
    entry = entry_of(source, file)
    return 0 if entry and entry.hub else path_of(source, root, file).stat().st_size


def format_of(source: Source, root: Path, file: str) -> dict[str, str | None]:
    """`format` of a file, and the `encoding` that it is read in; null where there is none.

    Raises:
        corpus.readers.ReadError: If the encoding cannot be told.
    """
    entry, path = entry_of(source, file), path_of(source, root, file)
    if entry and entry.hub:
        return {"format": "hub", "encoding": None}
    kind = (entry.format if entry else None) or form_of(path)
    text = kind not in (None, "parquet", "images")
    encoding = ((entry and entry.encoding) or readers.encoding_of(path)) if text else None
    return {"format": f"{kind}+gzip" if is_gzip(path) else kind, "encoding": encoding}


def read(source: Source, root: Path, file: str, *, batch_rows: int = 5000) -> Iterator[Ingested]:
    """Turn the records of one file into rows.

    Every row that the description makes of a record ends as a row or as a rejection; a record that cannot be read, or
    of which no row is made, is one rejection. Rows that the screen for sexual content about minors matches are rejected
    with their id alone. A lookup table gives nothing: it is read with the files that use it.

    Args:
        source: The description.
        root: Folder that holds one folder for each source.
        file: One of `files(source, root)`.
        batch_rows: Rows and rejections after which a batch is handed out.

    Raises:
        FileNotFoundError: If the description reads no such file.
        corpus.readers.ReadError: If the file as a whole cannot be read.
    """
    entry = entry_of(source, file)
    if entry is None:
        return
    folder = folder_of(source, root)
    tables: Tables = {lookup.into: _lookup_table(folder, lookup) for lookup in entry.lookups}
    batch = Batch(source, file, folder)
    for record in _records(copy_of(source, root) if entry.hub else folder, file, entry):
        batch.add(record, entry, tables)
        if batch.size >= batch_rows:
            yield batch.hand_out()
    if batch.records:
        yield batch.hand_out()


def _records(folder: Path, file: str, entry: Files) -> Iterator[readers.Record | readers.BadRecord]:
    if entry.hub:
        return hub.rows(entry.hub, folder)
    if entry.format == "images":
        return iter([readers.Record(1, {"image": file})])
    return readers.records(
        folder / file,
        format=entry.format,
        columns=entry.columns,
        expected=entry.columns_needed(),
        key=entry.records,
        encoding=entry.encoding,
    )


def _lookup_table(folder: Path, lookup: Lookup) -> dict[str, Any]:
    path = folder / lookup.file
    expected = {name for name in (lookup.key, lookup.value) if not name.startswith("$")}
    table: dict[str, Any] = {}
    for record in readers.records(path, key=lookup.records, expected=expected):
        wrong = f"{path}, record {record.line}: "
        if isinstance(record, readers.BadRecord):
            raise readers.ReadError(f"{wrong}{record.reason}, {record.detail}")
        try:
            key, value = as_text(look_up(record.fields, lookup.key)), look_up(record.fields, lookup.value)
        except Rejected as why:
            raise readers.ReadError(f"{wrong}{why.detail}") from None
        if key is None or key in table:
            raise readers.ReadError(f"{wrong}expected a {lookup.key!r} of its own")
        table[key] = value
    return table
