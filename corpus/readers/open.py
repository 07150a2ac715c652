"""One way in: the reader that belongs to a file's format."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal

from corpus.readers.encoding import ADVICE, open_text
from corpus.readers.json_files import read_json, read_jsonl
from corpus.readers.record import BadRecord, ReadError, Record
from corpus.readers.tables import read_csv, read_parquet

Format = Literal["jsonl", "json", "csv", "tsv", "parquet", "images"]
SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}


def format_of(path: Path) -> Format | None:
    """The format that a file's name tells, `.gz` aside; None where it tells none."""
    return SUFFIXES.get(Path(path.name.removesuffix(".gz")).suffix.lower())


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
        path: The file; one that is compressed by gzip, whatever its name, is read through it.
        format: How to read it; None goes by its suffix.
        columns: Column names of a CSV or TSV file without a header.
        expected: Columns that a table must have.
        key: Dotted path of the records inside a JSON value (`corpus.readers.walk`).
        encoding: Codec of a text file; None finds it (`corpus.readers.encoding`).

    Raises:
        ReadError: If the file as a whole cannot be read; says what was expected, and what to do.
    """
    kind = format or format_of(path)
    if kind is None or kind == "images":
        raise ReadError(f"{path} has no known suffix; expected {', '.join(SUFFIXES)}, or name its `format`")
    if kind == "parquet":
        yield from read_parquet(path, expected=expected)
        return
    try:
        with open_text(path, encoding=encoding, newline="" if kind in ("csv", "tsv") else "\n") as text:
            match kind:
                case "jsonl":
                    yield from read_jsonl(path, text, key=key)
                case "json":
                    yield from read_json(path, text, key=key)
                case "csv":
                    yield from read_csv(path, text, delimiter=",", columns=columns, expected=expected)
                case "tsv":
                    yield from read_csv(path, text, delimiter="\t", columns=columns, expected=expected)
    except UnicodeDecodeError as error:
        raise ReadError(f"{path} is not {error.encoding}: byte {error.start} cannot be decoded") from None
    except UnicodeError:  # such as UTF-16 without the byte order mark that its codec expects
        raise ReadError(f"{path} is not {encoding}; {ADVICE}") from None
