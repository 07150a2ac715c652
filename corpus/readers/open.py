"""One way in: the reader that belongs to a file's format."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal

from corpus.readers.json_files import read_json, read_jsonl
from corpus.readers.record import BadRecord, ReadError, Record
from corpus.readers.tables import read_csv, read_parquet

Format = Literal["jsonl", "json", "csv", "tsv", "parquet"]
SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}


def records(
    path: Path,
    *,
    format: Format | None = None,
    columns: Sequence[str] | None = None,
    expected: Collection[str] = (),
    key: str | None = None,
    encoding: str | None = None,
) -> Iterator[Record | BadRecord]:
    """Every record of a file, in order; one that cannot be read does not end the file.

    Args:
        path: The file.
        format: How to read it; None goes by its suffix.
        columns: Column names of a CSV or TSV file without a header.
        expected: Columns that a table must have.
        key: Dotted path of the list inside a JSON object.
        encoding: Codec of a text file; None finds it (`corpus.readers.encoding`).

    Raises:
        ReadError: If the file as a whole cannot be read; says what was expected.
    """
    kind = format or SUFFIXES.get(path.suffix.lower())
    try:
        match kind:
            case "jsonl":
                yield from read_jsonl(path, encoding=encoding)
            case "json":
                yield from read_json(path, key=key, encoding=encoding)
            case "csv" | "tsv":
                delimiter = "," if kind == "csv" else "\t"
                yield from read_csv(path, delimiter=delimiter, columns=columns, expected=expected, encoding=encoding)
            case "parquet":
                yield from read_parquet(path, expected=expected)
            case _:
                raise ReadError(f"{path} has no known suffix; expected {', '.join(SUFFIXES)}, or name its `format`")
    except UnicodeDecodeError as error:
        raise ReadError(f"{path} is not {error.encoding}: byte {error.start} cannot be decoded") from None
