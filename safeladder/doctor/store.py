"""The store: where its parts are, who may read them, what state they are in. Nothing is written to it."""

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from safeladder.doctor import s3
from safeladder.doctor.finding import Finding, Request, missing, ok, wrong

if TYPE_CHECKING:
    from catalog import Store

LEAST_GIB = 2  # what a demo needs


def look(request: Request) -> Iterator[Finding]:
    """Look at the folder, the ledger, the files and the catalog."""
    from catalog import ledger, place

    folder = request.store
    writable = True
    for finding in _folder(folder):
        yield finding
        writable &= finding.state != "wrong" or "write" not in finding.what
    if not place.exists(folder):
        yield missing(f"no store at {folder} yet; needed for rows", f"safeladder catalog init {_option(folder)}")
        return
    try:
        where = place.read(folder)
    except ValueError as error:
        yield wrong(str(error), f"safeladder catalog init {_option(folder)} --files URL --ledger URL")
        return
    yield ok(f"ledger: {shown(where.ledger) or 'in the folder'}; files: {where.files or 'in the folder'}")
    if not writable:
        return
    try:
        found = schema_of(where.ledger or folder / place.LEDGER)
    except (OSError, RuntimeError) as error:
        remote = (where.ledger or "").startswith("postgresql")
        yield wrong(f"the ledger cannot be read: {error}", "safeladder doctor postgres" if remote else _restore())
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


def _restore() -> str:
    return "safeladder catalog restore BACKUP --store ANOTHER"


def shown(url: str | None) -> str | None:
    """A database URL without its password."""
    from sqlalchemy.engine import make_url

    return url and make_url(url).render_as_string(hide_password=True)


def schema_of(ledger_url: str | Path) -> str | None:
    """Version of a ledger's schema, read without changing it.

    Raises:
        RuntimeError: If it is no database, or cannot be reached.
        FileNotFoundError: If the file is missing.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from catalog import ledger

    url = make_url(ledger_url if isinstance(ledger_url, str) else f"sqlite:///{ledger_url}")
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "").absolute()
        if not file.exists():
            raise FileNotFoundError(f"{file} is missing")
        engine = create_engine(f"sqlite:///file:{file}?mode=ro&uri=true")
    else:
        engine = create_engine(url.set(drivername="postgresql+psycopg"), connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as connection:
            return ledger.version_of(connection)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise RuntimeError(f"{url.render_as_string()}: {reason}") from None
    finally:
        engine.dispose()


def _folder(folder: Path) -> Iterator[Finding]:
    nearest = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    try:
        TemporaryFile(dir=nearest).close()
        yield ok(f"{nearest} can be written")
    except OSError as error:
        yield wrong(
            f"nobody like us can write to {nearest}: {error.strerror}", "safeladder doctor store --store ANOTHER"
        )
    if folder.exists() and (mode := folder.stat().st_mode & 0o777) & 0o077:
        yield wrong(
            f"{folder} may hold restricted rows and is open to others (mode {mode:o})",
            f"chmod 700 {shlex.quote(str(folder))}",
        )
    free = shutil.disk_usage(nearest).free / 2**30
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
        yield wrong(f"{len(gone)} of {len(listed)} segments are missing, {gone[0]} the first", _restore())
        return
    if full:
        from safeladder.cli.console import progress

        with progress("verify") as tick:
            problems = maintenance.verify(store, tick=tick)
        for problem in problems:
            yield wrong(problem, _restore())
        if not problems:
            yield ok(f"{len(listed)} segments and everything else that the ledger lists are whole, byte for byte")
    else:
        yield ok(f"all {len(listed)} segments are there; read are they by: safeladder catalog verify {option}")
    try:
        orphans = maintenance.orphans(store)
    except DamagedSegment as error:
        if not full:
            yield wrong(str(error), _restore())
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
    except duckdb.Error as error:
        return wrong(f"the catalog cannot be read: {str(error).splitlines()[0]}", f"{build} --full")
    if behind := store.head() - last:
        return missing(f"the catalog lacks the last {behind} commits; needed to see them", build)
    return ok(f"the catalog has all {last} commits")
