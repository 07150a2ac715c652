"""CSV, TSV and Parquet files. Cells of a text table stay strings, whatever they look like."""

import csv
import io
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from corpus.readers.files import is_gzip, open_bytes
from corpus.readers.record import BadRecord, Doubled, ReadError, Record, damaged, is_name, nearest, to_record

BAD = {
    "bad_encoding": ("bad_encoding", "a string is not UTF-8"),
    "bad_value": ("bad_value", "a date out of range, a time zone that does not exist, or another value of no use"),
}
csv.field_size_limit(sys.maxsize)  # a chat log in one cell is longer than the 131,072 characters of the default


def read_csv(
    path: Path,
    text: IO[str],
    *,
    delimiter: str = ",",
    columns: Sequence[str] | None = None,
    expected: Collection[str] = (),
) -> Iterator[Record | BadRecord]:
    """Rows of a delimited file.

    Args:
        path: The file, for messages.
        text: Its text, line ends as they stand.
        delimiter: What stands between cells.
        columns: Names for a file without a header; None where its first row is the header, in which a column without
            a name (an index) is called `$column1` by its position.
        expected: Names that the header must hold.

    Raises:
        ReadError: If an expected column is missing or the header names one twice.
    """
    rows = _rows(text, delimiter)
    if columns is None:
        header, where = next(rows, ([], ""))
        if isinstance(header, str):
            raise ReadError(f"the header of {path} cannot be read: {header}{where}")
        columns = [name or f"$column{i}" for i, name in enumerate(header, start=1)]
        if columns:
            check_columns(path, columns, expected, hint="; give `columns` if the file has no header")
    for number, (cells, where) in enumerate(rows, start=1):
        yield _record(number, cells, where, columns)


def _rows(text: IO[str], delimiter: str) -> Iterator[tuple[list[str] | str, str]]:
    """Rows that are not blank, and where one stands that has several lines, since a lone quote may have made it so.

    A broken one is the message of its error. Reading goes on behind it.
    """
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    while True:
        first = reader.line_num + 1
        cells: list[str] | str
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = str(error)
        if cells:
            yield cells, f", lines {first} to {reader.line_num}" if reader.line_num > first else ""


def _record(number: int, cells: list[str] | str, where: str, columns: Sequence[str]) -> Record | BadRecord:
    if isinstance(cells, str):
        return BadRecord(number, "bad_csv", cells + where)
    if len(cells) != len(columns):
        return BadRecord(number, "wrong_columns", f"{len(cells)} cells, expected {len(columns)}{where}")
    if any(map(damaged, cells)):
        return BadRecord(number, "bad_encoding", "a cell holds bytes that are not UTF-8")
    return to_record(number, dict(zip(columns, cells, strict=True)))


def check_columns(path: Path, columns: Sequence[str], expected: Collection[str], *, hint: str = "") -> None:
    """Refuse a table that lacks a column or has one twice. A dotted name asks for what lies inside its first part."""
    for name in sorted(expected):
        if name not in columns and name.split(".")[0] not in columns:
            raise ReadError(f"{path} has no column {name!r}{nearest(name, list(columns))}{hint}")
    first = {name: i for i, name in reversed(list(enumerate(columns, start=1)))}
    for i, name in enumerate(columns, start=1):
        if i != first[name]:
            shown = repr(name) if is_name(name) else f"({len(name)} characters)"
            raise ReadError(f"{path} has two columns of the name {shown}, {first[name]} and {i}: rename one{hint}")


def read_parquet(path: Path, *, expected: Collection[str] = ()) -> Iterator[Record | BadRecord]:
    """Rows of a Parquet file. Keys that are null inside a nested value are padding and left out.

    Raises:
        ReadError: If it cannot be opened, is no Parquet file or a damaged one, or an expected column is missing.
    """
    try:
        with open_bytes(path) as data:
            file = pq.ParquetFile(io.BytesIO(data.read()) if is_gzip(path) else path)
            check_columns(path, file.schema_arrow.names, expected)
            yield from _rows_of(file)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise ReadError(f"{path} is no Parquet file, or damaged: {str(error).splitlines()[0]}") from None


def _rows_of(file: pq.ParquetFile) -> Iterator[Record | BadRecord]:
    number = 0
    for batch in file.iter_batches(batch_size=5_000):
        for row in _values(batch):
            number += 1
            if isinstance(row, str):
                yield BadRecord(number, *BAD[row])
            else:
                yield to_record(number, {name: without_padding(value) for name, value in row.items()})


def _values(batch: pa.RecordBatch) -> list[dict[str, Any] | str]:
    """The rows of a batch; the reason instead where one cannot be decoded, which Parquet does not promise."""
    try:
        return batch.to_pylist()
    except (ValueError, LookupError, ArithmeticError, ImportError, pa.ArrowException) as error:
        if batch.num_rows == 1:
            return ["bad_encoding" if isinstance(error, UnicodeDecodeError) else "bad_value"]
        return [row for i in range(batch.num_rows) for row in _values(batch.slice(i, 1))]


def without_padding(value: Any) -> Any:
    """A value without the null keys of its objects, which a column of objects has wherever another row has the key.

    A map, which Arrow gives as a list of pairs, becomes the object that it is.
    """
    if isinstance(value, dict):
        return {key: without_padding(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        if value and all(isinstance(item, tuple) for item in value):  # a column of the type map
            found = {str(key): without_padding(item) for key, item in value}
            return found if len(found) == len(value) else Doubled(found)
        return [without_padding(item) for item in value]
    return value
