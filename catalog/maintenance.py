"""Keep a store whole: check everything that its ledger lists, and collect what nothing lists."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
from sqlalchemy import select

from catalog import ledger, place, releases
from catalog.files import Entry
from catalog.segments import FOLDER, DamagedSegment, name_of
from catalog.store import Store, media_name

GRACE = timedelta(hours=24)


def verify(store: Store, *, tick: Callable[[int, int, str], None] = lambda done, total, what: None) -> list[str]:
    """Read everything that the ledger lists: segments, pictures, releases, checkpoints.

    Args:
        store: The store.
        tick: Told (done, total, unit).

    Returns:
        What does not hold, one sentence each; an empty list for a whole store.
    """
    checks = list(_checks(store))
    problems = []
    for done, check in enumerate(checks, start=1):
        try:
            check()
        except (RuntimeError, OSError, ValueError) as error:
            problems.append(str(error))
        tick(done, len(checks), "files")
    return problems


def _checks(store: Store) -> Iterator[Callable[[], object]]:
    with store.ledger.connect() as connection:
        listed = connection.execute(select(ledger.segments)).all()
    for row in listed:
        yield partial(_check_segment, store, row.table_name, row.digest, row.rows)
        if row.table_name == "media":
            yield partial(_check_pictures, store, row.digest)
    for release_id in sorted(set(store.read("releases")["release_id"])):
        yield partial(releases.release_rows, store, release_id)
    if place.read(store.path).ledger is None:  # with a ledger that is shared, they are on the host that trained them
        for folder in sorted(set(store.read("checkpoints")["path"])):
            yield partial(_check_folder, store, folder)


def _check_segment(store: Store, table: str, digest: str, rows: int) -> None:
    found = pq.read_metadata(store.segment_file(table, digest)).num_rows
    if found != rows:
        raise DamagedSegment(f"{name_of(table, digest)} holds {found} rows, the ledger says {rows}")


def _check_pictures(store: Store, digest: str) -> None:
    for name in pq.read_table(store.segment_file("media", digest), columns=["media_id"])["media_id"].to_pylist():
        store.get_media(name)


def _check_folder(store: Store, folder: str) -> None:
    if not (store.path / folder).is_dir():
        raise FileNotFoundError(f"{store.path / folder} is listed in the ledger but missing")


def orphans(store: Store, *, older_than: timedelta = GRACE) -> list[Entry]:
    """Files that nothing lists: what a killed process left, half-written ones included.

    Args:
        store: The store.
        older_than: Younger ones are left alone: a commit under way has written its files and not yet the ledger.
    """
    listed = _listed(store)
    limit = datetime.now(UTC) - older_than
    return [
        entry
        for folder in (FOLDER, "media")
        for entry in store.files.entries(folder)
        if entry.name not in listed and entry.written < limit
    ]


def collect(store: Store, *, older_than: timedelta = GRACE) -> list[Entry]:
    """Delete the orphans, and the work folders of stages that are committed; returns the files that went.

    They are looked for at leisure and deleted under the write lock, once it is sure that no commit has listed them
    meanwhile. A commit looks for its files under that lock too: at worst it is refused and done again.
    """
    found = orphans(store, older_than=older_than)
    with ledger.writing(store.ledger):
        listed = _listed(store)
        gone = [entry for entry in found if entry.name not in listed]
        for entry in gone:
            store.files.delete(entry.name)
    for folder in _finished_work(store):
        shutil.rmtree(folder, ignore_errors=True)
    return gone


def _listed(store: Store) -> set[str]:
    with store.ledger.connect() as connection:
        found = connection.execute(select(ledger.segments.c.table_name, ledger.segments.c.digest))
        listed = {name_of(table, digest) for table, digest in found}
    return listed | {media_name(name) for name in store.read("media")["media_id"]}


def _finished_work(store: Store) -> Iterator[Path]:
    for folder in (store.path / "work").glob("*"):
        if folder.is_dir() and store.has(folder.name):
            yield folder
