"""The ledger: the small transactional database that says which segments, runs and releases exist.

SQLite in WAL mode. Every writing transaction takes the write lock first (`BEGIN IMMEDIATE`), so that nothing it read
can change before it writes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import (
    BigInteger,
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
)

metadata = MetaData()

commits = Table(
    "commits",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
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
)

releases = Table(
    "releases",
    metadata,
    Column("release_id", String(64), primary_key=True),
    Column("name", String, primary_key=True),  # the same content may be known by several names
    Column("rows", BigInteger, nullable=False),
    Column("created_at", DateTime, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("checkpoint_id", String(64), primary_key=True),
    Column("kind", String, nullable=False),
    Column("release_id", String(64), nullable=False),
    Column("path", String, nullable=False),
    Column("created_at", DateTime, nullable=False),
)


def now() -> datetime:
    """The current time in UTC, as the ledger stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


def open_ledger(path: Path) -> Engine:
    """Open the ledger, or create it with its tables."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def configure(connection, _record) -> None:  # type: ignore[no-untyped-def]
        connection.isolation_level = None  # BEGIN is ours, see `writing`
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection) -> None:  # type: ignore[no-untyped-def]
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    with writing(engine) as connection:
        metadata.create_all(connection)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that holds the write lock from its first statement to its commit."""
    with engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection, connection.begin():
        yield connection
