"""Build the DuckDB file: only what is new is read, beside the old file, and swapped in by rename."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from catalog.read_model import tables, views
from catalog.read_model.describe import relations
from catalog.schema import LEDGER_TABLES, SEGMENT_TABLES, TABLES
from catalog.segments import DamagedSegment
from catalog.store import Store

FILE = "catalog.duckdb"
# Readable by every DuckDB that is still supported, not only by the one that wrote it.
STORAGE = "v1.4.0"
LAYOUT = 1  # raised when the same segments must give another file

Segment = tuple[str, int, str]  # table, seq, sha256


def build(store: Store, *, full: bool = False) -> Path:
    """Bring the catalog up to date with ledger and segments, and swap it in.

    A copy of the present file gets the segments that it does not hold yet. Any number of refreshes gives the rows that
    one full build gives. Two builders take turns; readers are never disturbed.

    Args:
        store: Where the segments are.
        full: Read every segment anew.

    Returns:
        Path of the DuckDB file.

    Raises:
        DamagedSegment: If a listed segment is missing or was changed, or the present file holds one that the ledger
            does not list; the old catalog stays.
    """
    target = store.path / FILE
    with _only_builder(store.path):
        ledger = _ledger(store)
        # The commits were read first: a segment of one that came since waits for the next build, with its whole commit.
        commits = set(ledger["commits"]["seq"])
        present = {segment: file for segment, file in listed(store).items() if segment[1] in commits}
        stamp = hashlib.sha256(repr([frame.rows() for frame in ledger.values()]).encode()).hexdigest()
        held, stamped = (set(), None) if full else _held(target)
        if unlisted := sorted(held - present.keys()):
            name, seq, digest = unlisted[0]
            raise DamagedSegment(
                f"{target} holds segment {digest} of {name} (commit {seq}), which the ledger does not list: "
                f"rebuild it from what is listed with `safeladder catalog build --full --store {store.path}`"
            )
        new = [segment for segment in present if segment not in held]
        if held and not new and stamped == stamp:
            return target
        _write(target, {segment: present[segment] for segment in new}, ledger, stamp, copy=bool(held))
    return target


def _write(target: Path, new: dict[Segment, Path], ledger: dict[str, pl.DataFrame], stamp: str, *, copy: bool) -> None:
    beside = target.with_name(f".{FILE}.new")
    for left_by_a_kill in (beside, beside.with_name(f"{beside.name}.wal")):
        left_by_a_kill.unlink(missing_ok=True)
    if copy:
        _clone(target, beside)
    with duckdb.connect(config={"temp_directory": f"{beside}.tmp"}) as connection:
        connection.execute(f"attach {_quoted(str(beside))} as catalog (storage_version '{STORAGE}')")
        connection.execute("use catalog")
        if not copy:
            _lay_out(connection)
        for name in SEGMENT_TABLES:
            tables.append(
                connection, name, [(seq, sha, file) for (table, seq, sha), file in new.items() if table == name]
            )
        tables.index(connection)
        tables.take_down(connection)
        for name, frame in ledger.items():
            connection.register("given", frame.to_arrow())
            connection.execute(f"truncate {name}")
            connection.execute(f"insert into {name} by name from given")
            connection.unregister("given")
        connection.execute("truncate built")
        connection.execute("insert into built values (?, ?)", [_layout(), stamp])
        connection.execute("use memory")
        connection.execute("detach catalog")
    os.replace(beside, target)


def _ledger(store: Store) -> dict[str, pl.DataFrame]:
    """The ledger's own tables, and of those that grow by commits only what the commits read first have brought."""
    commits = store.read("commits")
    read = {"commits": commits}
    for name in LEDGER_TABLES:
        if name != "commits":
            rows = store.read(name)
            if "added_seq" in rows.columns:
                rows = rows.filter(pl.col("added_seq").is_null() | pl.col("added_seq").is_in(commits["seq"].implode()))
            read[name] = rows
    return read


def listed(store: Store) -> dict[Segment, Path]:
    """Every segment, oldest first, with its file; each file is checked against its sha256.

    Raises:
        DamagedSegment: If one is missing or was changed.
    """
    return {
        (name, seq, sha): store.segment_file(name, sha)
        for name in SEGMENT_TABLES
        for seq, sha in store.segment_list(name)
    }


def _held(target: Path) -> tuple[set[Segment], str | None]:
    """The segments that the present file holds and the ledger it was built from; nothing if it must be made anew."""
    if not target.exists():
        return set(), None
    try:
        with duckdb.connect() as connection:
            connection.execute(f"attach {_quoted(str(target))} as catalog (read_only)")
            layout, stamp = connection.execute("select layout, ledger from catalog.built").fetchall()[0]
            held = connection.execute("select table_name, seq, digest from catalog.segments").fetchall()
    except (duckdb.Error, IndexError):
        return set(), None  # damaged, or written by another version of this project
    return (set(held), stamp) if layout == _layout() else (set(), None)


def _layout() -> str:
    """Digest of tables, keys, views and comments: a file with others is made anew."""
    columns = {name: [(field.name, str(field.type)) for field in schema] for name, schema in TABLES.items()}
    said = [(relation.name, relation.about, relation.columns) for relation in relations().values()]
    shape = (LAYOUT, columns, tables.KEYS, tables.INDEXED, tables.REMOVABLE, views.VIEWS, said)
    return hashlib.sha256(repr(shape).encode()).hexdigest()


def _lay_out(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("begin")  # a commit for each of hundreds of comments would take seconds
    tables.create(connection)
    views.create(connection)
    for name in SEGMENT_TABLES:
        places = {"main": "", "history": ", those that were taken down too"}
        if name in tables.REMOVABLE:
            places["removed"] = ", of samples that were taken down"
        for schema, more in places.items():
            kind = "view" if schema == "history" else "table"
            _say(connection, kind, f"{schema}.{name}", tables.ABOUT[name] + more, tables.column_comments(name))
    for relation in relations().values():
        if relation.name not in SEGMENT_TABLES:
            _say(connection, relation.kind, relation.name, relation.about, relation.columns.items())
    connection.execute("commit")


def _say(
    connection: duckdb.DuckDBPyConnection, kind: str, name: str, about: str, columns: Iterable[tuple[str, str]]
) -> None:
    connection.execute(f"comment on {kind} {name} is {_quoted(about)}")
    for column, text in columns:
        connection.execute(f"comment on column {name}.{column} is {_quoted(text)}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _clone(source: Path, target: Path) -> None:
    """Copy a file; in no time where the file system shares blocks between files (btrfs, XFS)."""
    ficlone = 0x40049409
    with source.open("rb") as old, target.open("wb") as new:
        try:
            fcntl.ioctl(new, ficlone, old.fileno())
            return
        except OSError:
            pass
    shutil.copyfile(source, target)


@contextmanager
def _only_builder(folder: Path) -> Iterator[None]:
    """Wait for the builder that is at work; the kernel lets go of its lock when it dies, however it dies."""
    with (folder / f".{FILE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
