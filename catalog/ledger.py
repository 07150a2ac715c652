"""The ledger: the small transactional database that says which segments, runs and releases exist.

SQLite in WAL mode on one host, PostgreSQL for many, by the same statements. Every writing transaction takes the write
lock first, so that nothing it read can change before it writes, and sequence numbers have no gap.
"""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    DateTime,
    Double,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

metadata = MetaData()

commits = Table(
    "commits",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("batch_id", String(64), nullable=False, unique=True),
    Column("committed_at", DateTime, nullable=False),
)

segments = Table(
    "segments",
    metadata,
    Column("seq", ForeignKey("commits.seq"), primary_key=True),
    Column("table_name", String, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("rows", BigInteger, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("name", String, nullable=False),
    Column("recipe", String, nullable=False),
    Column("state", String, nullable=False),
    Column("started_at", DateTime, nullable=False),
    Column("finished_at", DateTime),
)

stages = Table(
    "stages",
    metadata,
    Column("run_id", ForeignKey("runs.run_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("stage", String, nullable=False),
    Column("stage_id", String(64), nullable=False),
    Column("state", String, nullable=False),
    Column("rows_in", BigInteger),
    Column("rows_out", BigInteger),
    Column("rejected", BigInteger),
    Column("failed", BigInteger),
    Column("created", BigInteger),
    Column("seconds", Double),
)

stage_results = Table(
    "stage_results",
    metadata,
    Column("stage_id", String(64), primary_key=True),
    Column("rows_in", BigInteger, nullable=False),
    Column("rows_out", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    CheckConstraint("rows_in = rows_out + rejected + failed", name="rows_add_up"),
)

releases = Table(
    "releases",
    metadata,
    Column("release_id", String(64), primary_key=True),
    Column("name", String, primary_key=True),  # the same content may be known by several names
    Column("rows", BigInteger, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("added_seq", ForeignKey("commits.seq"), nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("checkpoint_id", String(64), primary_key=True),
    Column("kind", String, nullable=False),
    Column("release_id", String(64), nullable=False),
    Column("path", String, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("added_seq", ForeignKey("commits.seq"), nullable=False),
)

schema_version = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), primary_key=True),
)

VERSION = "0002"
"""The newest of `catalog/migrations/versions`."""

LOCK_SECONDS = 60
LOCK_NOT_AVAILABLE = "55P03"  # of PostgreSQL, whatever language its messages are in
WRITE_LOCK = 0x5AFE_1ADD
"""Key of the advisory lock that stands for the write lock of a ledger on PostgreSQL."""


class LedgerBusy(RuntimeError):
    """The write lock could not be had in time; names who holds it."""


def now() -> datetime:
    """The current time in UTC, as the ledger stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


def open_ledger(url: str | Path, *, lock_seconds: float = LOCK_SECONDS) -> Engine:
    """Open the ledger, create it with its tables, or bring it to the present schema.

    Args:
        url: A SQLite file, or an SQLAlchemy URL of SQLite or PostgreSQL (driver psycopg).
        lock_seconds: How long a writer waits for another one before it gives up.

    Raises:
        RuntimeError: If it cannot be reached, or was written by a newer version of this project.
    """
    where = make_url(str(url)) if "://" in str(url) else URL.create("sqlite", database=str(url))
    try:
        connect = _sqlite if where.get_backend_name() == "sqlite" else _postgres
        engine = connect(where, lock_seconds)
        with engine.connect() as connection:
            found = version_of(connection)
        if found != VERSION:
            from catalog.migrations import bring_up_to_date

            bring_up_to_date(engine, found)
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise RuntimeError(f"cannot open the ledger {where.render_as_string()}: {reason}") from None
    return engine


def _sqlite(url: Any, lock_seconds: float) -> Engine:
    engine = create_engine(url, connect_args={"timeout": lock_seconds})

    @event.listens_for(engine, "connect")
    def configure(connection, _record) -> None:  # type: ignore[no-untyped-def]
        connection.isolation_level = None  # BEGIN is ours, see `writing`
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection) -> None:  # type: ignore[no-untyped-def]
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _postgres(url: Any, lock_seconds: float) -> Engine:
    if url.get_backend_name() != "postgresql":
        raise ValueError(f"a ledger is SQLite or PostgreSQL, not {url.get_backend_name()}")
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,  # a stage may work for hours between two statements, and firewalls do not wait
            connect_args={
                "application_name": _me(),
                "options": f"-c lock_timeout={int(lock_seconds * 1000)}",
                "keepalives_idle": 30,
                "keepalives_interval": 10,
            },
        )
    except ModuleNotFoundError:
        raise RuntimeError("a ledger on PostgreSQL needs psycopg: pip install -e '.[postgres]'") from None


def _me() -> str:
    return f"safeladder process {os.getpid()} on {socket.gethostname()}"


def version_of(connection: Connection) -> str | None:
    """Version of the schema; "0001" for a ledger from before versions were written down, None for an empty database."""
    names = set(inspect(connection).get_table_names())
    if schema_version.name in names:
        return connection.execute(select(schema_version.c.version_num)).scalar()
    return "0001" if commits.name in names else None


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that holds the write lock from its first statement to its commit.

    Raises:
        LedgerBusy: If another writer keeps the lock for longer than the ledger was told to wait; nothing was written.
    """
    with engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection:
        try:
            transaction = connection.begin()
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(WRITE_LOCK)))
        except OperationalError as error:
            if "locked" not in str(error.orig) and getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            connection.rollback()
            raise LedgerBusy(f"{_holder(engine)} has been writing to the ledger for too long; try again") from None
        with transaction, _signed(engine):
            yield connection


@contextmanager
def _signed(engine: Engine) -> Iterator[None]:
    """Leave a note of who writes, for those who wait in vain. PostgreSQL knows it without."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        Path(f"{engine.url.database}-writer").write_text(_me())
    yield


def _holder(engine: Engine) -> str:
    if engine.dialect.name == "sqlite":
        note = Path(f"{engine.url.database}-writer")
        return note.read_text() if note.exists() else "another process"
    with engine.connect() as connection:
        held = text(
            "select application_name from pg_stat_activity a join pg_locks l using (pid) "
            "where l.locktype = 'advisory' and l.granted and l.objid = :key limit 1"
        )
        return connection.execute(held, {"key": WRITE_LOCK}).scalar() or "another process"


def add_commit(connection: Connection, batch_id: str) -> int:
    """Write the next commit, inside `writing`, and return its sequence number: 1, 2, 3, ... without a gap."""
    last = connection.execute(select(func.max(commits.c.seq), func.max(commits.c.committed_at))).one()
    seq = (last[0] or 0) + 1
    at = max(now(), last[1] or now())  # the clocks of two hosts differ; the order of commits does not
    connection.execute(insert(commits).values(seq=seq, batch_id=batch_id, committed_at=at))
    return seq


def put_entries(connection: Connection, table_name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of a ledger table, inside `writing`; of one key the first stands, so that the past stays as it was."""
    table = metadata.tables[table_name]
    for row in rows:
        same = [column == row[column.name] for column in table.primary_key]
        if not connection.execute(select(table).where(*same)).first():
            connection.execute(insert(table).values(**row))
