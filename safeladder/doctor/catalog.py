"""DuckDB, SQLAlchemy and Alembic: whether a store and its catalog can be made here. One is made, and thrown away."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from safeladder.doctor import packages
from safeladder.doctor.finding import Finding, Request, ok, wrong


def look(_: Request) -> Iterator[Finding]:
    """Look at the ground floor."""
    yield from packages.check("duckdb", "polars", "pyarrow", "sqlalchemy", "alembic", "fsspec")
    yield from _duckdb()
    yield _ledger()


def _duckdb() -> Iterator[Finding]:
    import duckdb
    import polars as pl

    from catalog.read_model.build import STORAGE

    with TemporaryDirectory() as folder:
        file, parquet = Path(folder) / "a.duckdb", Path(folder) / "a.parquet"
        pl.DataFrame({"text": ["one", "二"]}).write_parquet(parquet)
        try:
            with duckdb.connect() as connection:
                connection.execute(f"attach '{file}' as made (storage_version '{STORAGE}')")
                connection.execute(f"create table made.t as from read_parquet('{parquet}')")
                connection.execute("detach made")
            with duckdb.connect(config={"autoload_known_extensions": "false"}) as connection:
                connection.execute(f"attach '{file}' as made (read_only)")
                connection.execute("select to_json(t), now()::timestamptz at time zone 'Asia/Shanghai' from made.t")
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            yield wrong(
                f"DuckDB {duckdb.__version__} cannot make a catalog with storage {STORAGE}: {reason}",
                f"{packages.install('duckdb')} --force-reinstall --no-deps",
            )
            return
    yield ok(f"DuckDB writes storage {STORAGE} and reads Parquet, JSON and time zones")


def _ledger() -> Finding:
    from alembic.script import ScriptDirectory

    from catalog import ledger
    from catalog.migrations import config

    with TemporaryDirectory() as folder:
        engine = ledger.open_ledger(Path(folder) / "ledger.sqlite")
        with engine.connect() as connection:
            found = ledger.version_of(connection)
            newest = ScriptDirectory.from_config(config(connection)).get_current_head()
        engine.dispose()
    if found != newest:
        return wrong(
            f"a new ledger stands at schema {found}, the newest revision is {newest}: the installation is mixed",
            packages.install_all(),
        )
    return ok(f"SQLite {sqlite3.sqlite_version}: a ledger can be made, schema {found}")
