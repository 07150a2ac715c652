"""The store: where its parts are, who may read them, what state they are in. Nothing is written to it."""

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from safeladder.doctor import s3
from safeladder.doctor.finding import Finding, Request, missing, ok, wrong
from safeladder.doctor.ledger import schema_of, shown

if TYPE_CHECKING:
    from catalog import Store

LEAST_GIB = 2  # what a demo needs
RESTORE = "safeladder catalog restore BACKUP --store ANOTHER"


def look(request: Request) -> Iterator[Finding]:
    """Look at the folder, the ledger, the files and the catalog."""
    from catalog import ledger, place

    folder = request.store
    writable = _writable(folder)
    yield writable
    yield from _folder(folder)
    if not place.exists(folder):
        yield missing(f"no store at {folder} yet; needed for rows", f"safeladder catalog init {_option(folder)}")
        return
    try:
        where = place.read(folder)
    except ValueError as error:
        again = f"safeladder catalog init {_option(folder)} --files URL --ledger URL"
        yield wrong(str(error), f"rm {shlex.quote(str(folder / place.FILE))} && {again}")
        return
    yield ok(f"ledger: {shown(where.ledger) or 'in the folder'}; files: {where.files or 'in the folder'}")
    if writable.state == "wrong":  # SQLite cannot even be read there
        return
    try:
        found = schema_of(where.ledger or folder / place.LEDGER)
    except (OSError, RuntimeError) as error:
        remote = (where.ledger or "").startswith("postgresql")
        yield wrong(f"the ledger cannot be read: {error}", "safeladder doctor postgres" if remote else RESTORE)
        return
    if found != ledger.VERSION:
        yield _other_schema(folder, found)
        return
    yield ok(f"the ledger stands at schema {found}")
    if where.files and (problem := s3.unreachable(where.files)):
        yield wrong(f"{where.files} cannot be read: {problem}", "safeladder doctor s3")
        return
    from catalog import Store

    opened = Store(folder)
    yield from _files(opened, full=request.full)
    yield _catalog(opened)


def _option(folder: Path) -> str:
    return f"--store {shlex.quote(str(folder))}"


def _nearest(folder: Path) -> Path:
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())


def _writable(folder: Path) -> Finding:
    nearest = _nearest(folder)
    try:
        TemporaryFile(dir=nearest).close()  # has no name, and asks the file system itself
    except OSError as error:
        mend = f"ls -ld {shlex.quote(str(nearest))}  # then name another folder with --store"
        return wrong(f"{nearest} cannot be written: {error.strerror}", mend)
    return ok(f"{nearest} can be written")


def _folder(folder: Path) -> Iterator[Finding]:
    if folder.exists() and (mode := folder.stat().st_mode & 0o777) & 0o077:
        yield wrong(
            f"{folder} may hold restricted rows and is open to others (mode {mode:o})",
            f"chmod 700 {shlex.quote(str(folder))}",
        )
    free = shutil.disk_usage(_nearest(folder)).free / 2**30
    if free < LEAST_GIB:
        yield wrong(
            f"{free:.1f} GiB free, a demo needs {LEAST_GIB}", f"safeladder catalog gc --delete {_option(folder)}"
        )
    else:
        yield ok(f"{free:,.0f} GiB free; a demo needs {LEAST_GIB}, a run of the eight sets about 5")


def _other_schema(folder: Path, found: str | None) -> Finding:
    from catalog import ledger

    if found is None or found < ledger.VERSION:
        return missing(
            f"the ledger stands at schema {found}, the next command that opens it brings it to {ledger.VERSION}; "
            "until then its files are not looked at",
            f"safeladder catalog verify {_option(folder)}",
        )
    return wrong(
        f"the ledger stands at schema {found}, this version knows {ledger.VERSION}",
        "git pull  # a newer safeladder wrote it",
    )


def _files(store: "Store", *, full: bool) -> Iterator[Finding]:
    from catalog import DamagedSegment, maintenance
    from catalog.schema import SEGMENT_TABLES
    from catalog.segments import FOLDER, WORKING, name_of

    option = _option(store.path)
    tables = (*SEGMENT_TABLES, WORKING)
    listed = {name_of(table, digest) for table in tables for _, digest in store.segment_list(table)}
    gone = sorted(listed - {entry.name for entry in store.files.entries(FOLDER)})
    if gone:
        yield wrong(f"{len(gone)} of {len(listed)} segments are missing, {gone[0]} the first", RESTORE)
        return
    if full:
        from safeladder.cli.console import progress

        with progress("verify") as tick:
            problems = maintenance.verify(store, tick=tick)
        for problem in problems:
            yield wrong(problem, RESTORE)
        if not problems:
            yield ok(f"{len(listed)} segments and everything else that the ledger lists are whole, byte for byte")
    else:
        yield ok(f"all {len(listed)} segments are there; `safeladder catalog verify {option}` reads them")
    try:
        orphans = maintenance.orphans(store)
    except DamagedSegment as error:
        if not full:
            yield wrong(str(error), RESTORE)
        return
    if orphans:
        size = sum(entry.size for entry in orphans) / 1e6
        yield missing(
            f"{len(orphans)} files older than a day that nothing lists, {size:,.1f} MB; their space is what is missing",
            f"safeladder catalog gc --delete {option}",
        )
    else:
        yield ok("no file older than a day that nothing lists")


def _catalog(store: "Store") -> Finding:
    import duckdb

    from catalog import read_model

    build = f"safeladder catalog build {_option(store.path)}"
    try:
        with read_model.connect(store.path) as connection:
            (last,) = connection.execute("select coalesce(max(seq), 0) from commits").fetchall()[0]
    except FileNotFoundError:
        return missing("the catalog is not built; needed for sql, trace, why, diff", build)
    except (duckdb.Error, ValueError) as error:
        return wrong(f"the catalog cannot be read: {str(error).splitlines()[0]}", f"{build} --full")
    if behind := store.head() - last:
        return missing(f"the catalog lacks the last {behind} commits; needed to see them", build)
    return ok(f"the catalog has all {last} commits")
