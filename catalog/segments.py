"""Immutable, content-addressed Parquet files: the rows of every table but the ledger's own."""

import hashlib
import io
import os
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.schema import BATCH, TABLES

WORKING = "working"


class DamagedSegment(RuntimeError):
    """A segment that the ledger lists is missing, or its bytes are not the ones that were written."""


def conform(table_name: str, rows: pl.DataFrame) -> pa.Table:
    """Rows as the Arrow table of the schema: columns in order, types cast, missing columns refused.

    Raises:
        ValueError: If a column is missing or unknown, or a value cannot take its type.
    """
    schema = BATCH if table_name == WORKING else TABLES[table_name]
    if extra := set(rows.columns) ^ set(schema.names):
        raise ValueError(f"{table_name}: columns differ from its schema by {', '.join(sorted(extra))}")
    return rows.select(schema.names).to_arrow().cast(schema)


def write(folder: Path, table_name: str, rows: pl.DataFrame) -> str:
    """Write rows as one segment and return its sha256; writing the same rows again changes nothing."""
    buffer = io.BytesIO()
    pq.write_table(conform(table_name, rows), buffer, compression="zstd", row_group_size=50_000)
    data = buffer.getvalue()
    name = hashlib.sha256(data).hexdigest()
    put(folder / table_name / f"{name}.parquet", data)
    return name


def put(path: Path, data: bytes) -> None:
    """Make a file appear whole or not at all: write beside it, fsync, rename."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def find(folder: Path, table_name: str, digest: str) -> Path:
    """File of a segment, checked against its name.

    Raises:
        DamagedSegment: If the file is missing or not the one that was written.
    """
    path = folder / table_name / f"{digest}.parquet"
    if not path.exists():
        raise DamagedSegment(f"{path} is listed in the ledger but missing: restore it, or run the recipe anew")
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise DamagedSegment(f"{path} is not the file that was written: its sha256 differs from its name")
    return path


def read(folder: Path, table_name: str, digest: str) -> pl.DataFrame:
    """Rows of one segment; columns that its table gained since it was written are null.

    Raises:
        DamagedSegment: If the file is missing or not the one that was written.
    """
    found = pl.read_parquet(find(folder, table_name, digest))
    kinds = pl.Schema(BATCH if table_name == WORKING else TABLES[table_name])
    return found.select(
        pl.col(name) if name in found.columns else pl.lit(None, kind).alias(name) for name, kind in kinds.items()
    )
