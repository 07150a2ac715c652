"""The DuckDB catalog: one ordinary DuckDB file that anyone may open read-only at any time.

It is built beside the old one and swapped in by rename, so a reader sees either the old or the new, never half.
"""

import os
from pathlib import Path

import duckdb
import polars as pl

from catalog.schema import TABLES, describe
from catalog.store import Store

FILE = "catalog.duckdb"

# The same fact may be committed by several stages (two recipes over one source); it stands once, oldest first.
KEYS = {
    "samples": "sample_id",
    "media": "media_id",
    "annotations": "annotation_id",
    "sources": "source, digest",
    "occurrences": "sample_id, source, file, line",
    "release_rows": "release_id, sample_id, task",
    "checkpoint_metrics": "checkpoint_id, model, split, slice, metric",
    "verdicts": "sample_id, checkpoint_id",
}

ROWS = """
create view rows as
with turns as (
    select *, messages[-1].role = 'assistant' as answered from samples
), texts as (
    select *,
        list_transform(messages, lambda m: array_to_string(
            list_transform(list_filter(m.content, lambda p: p.type = 'text'), lambda p: p.text), chr(10))) as said,
        len(list_filter(flatten(list_transform(messages, lambda m: m.content)), lambda p: p.type = 'image')) as pictures
    from turns
), met as (
    select sample_id, min_by(source, (file, line)) as source, count(*) as met from occurrences group by 1
), latest as (
    select r.* from release_rows r join (select release_id from releases order by created_at desc limit 1)
    using (release_id)
)
select
    t.sample_id, t.prompt_id,
    array_to_string(case when answered then said[:-2] else said end, chr(10)) as prompt,
    case when answered then said[-1] end as response,
    pictures as images, met.source, met.met as occurrences,
    latest.release_id, latest.split, latest.task, latest.label, latest.unsafe, latest.category, latest.origin
from texts t left join met using (sample_id) left join latest using (sample_id)
"""
VIEWS = {
    "rows": (ROWS, "One row per sample: its text, where it was met, and its label in the latest release"),
}


def build(store: Store) -> Path:
    """Build the catalog from ledger and segments and swap it in.

    Returns:
        Path of the DuckDB file.

    Raises:
        DamagedSegment: If a listed segment is missing or was changed; the old catalog stays.
    """
    target = store.path / FILE
    beside = store.path / f".{FILE}.{os.getpid()}"
    beside.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        # Readable by every DuckDB that is still supported, not only by the one that wrote it.
        connection.execute(f"attach '{beside}' as catalog (storage_version 'v1.4.0')")
        connection.execute("use catalog")
        for table in TABLES:
            _copy(connection, store, table)
        for name, (sql, text) in VIEWS.items():
            connection.execute(sql)
            connection.execute(f"comment on view {name} is '{_quoted(text)}'")
        connection.execute("use memory")
        connection.execute("detach catalog")
    os.replace(beside, target)
    return target


def _copy(connection: duckdb.DuckDBPyConnection, store: Store, table: str) -> None:
    rows: pl.DataFrame = store.read(table)
    connection.register("incoming", rows.to_arrow())
    distinct = f"distinct on ({KEYS[table]})" if table in KEYS else ""
    connection.execute(f"create table {table} as select {distinct} * from incoming")
    connection.unregister("incoming")
    for column, text in describe(table).items():
        connection.execute(f"comment on column {table}.{column} is '{_quoted(text)}'")


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def connect(path: Path | str) -> duckdb.DuckDBPyConnection:
    """Open the catalog of a store, read-only.

    Args:
        path: Folder of the store.

    Raises:
        FileNotFoundError: If it was never built, with the command that builds it.
    """
    file = Path(path) / FILE
    if not file.exists():
        raise FileNotFoundError(f"no catalog at {file}: build it with `safeladder catalog build --store {path}`")
    return duckdb.connect(str(file), read_only=True)
