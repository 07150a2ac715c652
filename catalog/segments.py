"""Immutable, content-addressed Parquet files: the rows of every table but the ledger's own."""

import hashlib
import io
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.files import Files
from catalog.schema import BATCH, TABLES

WORKING = "working"
FOLDER = "segments"
ROW_GROUP = 50_000


class DamagedSegment(RuntimeError):
    """A file that the ledger lists is missing, or its bytes are not the ones that were written."""


def conform(table_name: str, rows: pl.DataFrame) -> pa.Table:
    """Rows as the Arrow table of the schema: columns in order, types cast, missing columns refused.

    Raises:
        ValueError: If a column is missing or unknown, or a value cannot take its type.
    """
    schema = BATCH if table_name == WORKING else TABLES[table_name]
    if extra := set(rows.columns) ^ set(schema.names):
        raise ValueError(f"{table_name}: columns differ from its schema by {', '.join(sorted(extra))}")
    # Part by part, each in memory of its own: an Arrow string column holds at most 2 GiB in one piece.
    parts = rows.select(schema.names).iter_slices(ROW_GROUP)
    own = pl.all().gather(pl.int_range(pl.len()))
    return pa.concat_tables([schema.empty_table(), *(part.select(own).to_arrow().cast(schema) for part in parts)])


def name_of(table_name: str, digest: str) -> str:
    """Name of a segment below the root of the store's files."""
    return f"{FOLDER}/{table_name}/{digest}.parquet"


def write(files: Files, table_name: str, rows: pl.DataFrame) -> str:
    """Write rows as one segment and return its sha256; writing the same rows again changes nothing."""
    buffer = io.BytesIO()
    pq.write_table(conform(table_name, rows), buffer, compression="zstd", row_group_size=ROW_GROUP)
    data = buffer.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    files.put(name_of(table_name, digest), data)
    return digest


def find(files: Files, name: str, digest: str) -> Path:
    """A local file with the bytes of a segment or a picture, checked against its sha256.

    Raises:
        DamagedSegment: If it is missing or not the one that was written; names it.
    """
    try:
        path = files.local(name, digest)
    except ValueError as error:
        raise DamagedSegment(f"{files}/{name} is not the file that was written: {error}") from None
    if path is None:
        raise DamagedSegment(f"{files}/{name} is listed in the ledger but missing: restore it, or run the recipe anew")
    return path


def read(files: Files, table_name: str, digest: str) -> pl.DataFrame:
    """Rows of one segment; columns that its table gained since it was written are null.

    Raises:
        DamagedSegment: If the file is missing or not the one that was written.
    """
    found = pl.read_parquet(find(files, name_of(table_name, digest), digest), glob=False)
    kinds = pl.Schema(BATCH if table_name == WORKING else TABLES[table_name])
    return found.select(
        pl.col(name) if name in found.columns else pl.lit(None, kind).alias(name) for name, kind in kinds.items()
    )
