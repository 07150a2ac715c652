"""Read a source: files in, batches of rows out, with every rejection and every picture."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from catalog import media
from catalog.ids import prompt_id, sample_id
from catalog.schema import BATCH
from catalog.text import with_text
from corpus import readers, screen
from corpus.sources.description import Files, Row, Source
from corpus.sources.mapping import Fields, answer, expand, messages_of, short
from corpus.sources.template import Rejected, as_text

PACKAGE = Path(__file__).parents[1]
REJECTIONS = {
    "sample_id": pl.String,
    "reason": pl.String,
    "detail": pl.String,
    "source": pl.String,
    "file": pl.String,
    "line": pl.Int64,
}


class Ingested(NamedTuple):
    """What came of some records of a file.

    `rows` in the columns of `BATCH`; `rejections` with sample_id (null where there is no sample), reason, detail,
    source, file and line; `media` as (row of the media table, bytes); `records` as the number of records read.
    """

    rows: pl.DataFrame
    rejections: pl.DataFrame
    media: list[tuple[dict[str, Any], bytes]]
    records: int


def _folder(source: Source, root: Path) -> Path:
    return (PACKAGE if source.packaged else Path(root)) / source.slug


def path_of(source: Source, root: Path, file: str) -> Path:
    """Where a file of the source lies."""
    return _folder(source, root) / file


def _entries(source: Source, root: Path) -> dict[str, Files | None]:
    """The description that each file belongs to; None for a lookup table."""
    folder = _folder(source, root)
    get_it = f"get the set from {source.home} and put it there"
    if not folder.is_dir():
        raise FileNotFoundError(f"source {source.slug}: expected its files in {folder}; {get_it}")
    found: dict[str, Files | None] = {}
    for entry in source.files:
        matches = [path.relative_to(folder).as_posix() for path in folder.glob(entry.glob) if path.is_file()]
        if not matches:
            raise FileNotFoundError(f"source {source.slug}: nothing in {folder} matches {entry.glob}; {get_it}")
        for file in matches:
            if file in found:
                raise ValueError(f"source {source.slug}: two entries of its description match {file}")
            found[file] = entry
        if entry.lookup:
            if not (folder / entry.lookup.file).is_file():
                raise FileNotFoundError(f"source {source.slug}: {folder} has no {entry.lookup.file}; {get_it}")
            found.setdefault(entry.lookup.file, None)
    return dict(sorted(found.items()))


def files(source: Source, root: Path) -> list[str]:
    """Files that the source is read from, lookup tables included, relative to its folder and sorted.

    Args:
        source: The description.
        root: Folder that holds one folder for each source, named by its slug.

    Raises:
        FileNotFoundError: If the folder or a file is missing; says what was expected where, and how to get it.
    """
    return list(_entries(source, root))


def read(source: Source, root: Path, file: str, *, batch_rows: int = 5000) -> Iterator[Ingested]:
    """Turn the records of one file into rows.

    Every row that the description makes of a record ends as a row or as a rejection; a record that cannot be read is
    one rejection. Rows that the screen for sexual content about minors matches are rejected with their id alone. A
    lookup table gives nothing: it is read with the files that use it.

    Args:
        source: The description.
        root: Folder that holds one folder for each source.
        file: One of `files(source, root)`.
        batch_rows: Rows and rejections after which a batch is handed out.

    Raises:
        FileNotFoundError: If the file is not one of the source's.
        corpus.readers.ReadError: If the file as a whole cannot be read.
    """
    entries = _entries(source, root)
    if file not in entries:
        raise FileNotFoundError(f"source {source.slug} has no file {file}; it has {', '.join(entries)}")
    entry = entries[file]
    if entry is None:
        return
    folder = _folder(source, root)
    table = _lookup_table(folder, entry)
    batch = _Batch(source, file, folder)
    for record in _records(folder / file, entry):
        batch.records += 1
        if isinstance(record, readers.BadRecord):
            batch.reject(record.line, record.reason, record.detail)
        else:
            batch.add_record(record, entry, table)
        if batch.size >= batch_rows:
            yield batch.hand_out()
    if batch.records:
        yield batch.hand_out()


def _records(path: Path, entry: Files) -> Iterator[readers.Record | readers.BadRecord]:
    return readers.records(
        path,
        format=entry.format,
        columns=entry.columns,
        expected=entry.columns_needed(),
        key=entry.records,
        encoding=entry.encoding,
    )


def _lookup_table(folder: Path, entry: Files) -> dict[str, Any]:
    if entry.lookup is None:
        return {}
    path, lookup = folder / entry.lookup.file, entry.lookup
    table: dict[str, Any] = {}
    for record in readers.records(path, expected={lookup.key, lookup.value}):
        key = as_text(record.fields.get(lookup.key)) if isinstance(record, readers.Record) else None
        if key is None or key in table or isinstance(record, readers.BadRecord):
            raise readers.ReadError(f"{path}, record {record.line}: expected a {lookup.key!r} of its own")
        table[key] = record.fields.get(lookup.value)
    return table


class _Batch:
    """Collects columns, since a table of columns is built many times faster than one of rows."""

    def __init__(self, source: Source, file: str, folder: Path) -> None:
        self.source, self.file, self.folder = source, file, folder
        self.handed_out: set[str] = set()
        self._clear()

    def _clear(self) -> None:
        self.records = 0
        self.columns: dict[str, list[Any]] = {name: [] for name in BATCH.names}
        self.rejected: list[tuple[str | None, str, str, str, str, int]] = []
        self.pictures: dict[str, tuple[dict[str, Any], bytes]] = {}
        self.media_ids: dict[str, str] = {}

    @property
    def size(self) -> int:
        return len(self.columns["line"]) + len(self.rejected)

    def reject(self, line: int, reason: str, detail: str, *, sample: str | None = None) -> None:
        self.rejected.append((sample, reason, detail, self.source.slug, self.file, line))

    def add_record(self, record: readers.Record, entry: Files, table: Mapping[str, Any]) -> None:
        try:
            fields = expand(entry, record.fields, table)
        except Rejected as why:
            self.reject(record.line, why.reason, why.detail)
            return
        for row in entry.rows:
            self._add_row(record.line, row, fields)

    def _add_row(self, line: int, row: Row, fields: Fields) -> None:
        sample = None
        try:
            messages = messages_of(row, fields, self._look)
            sample = sample_id(messages)
            label, unsafe, category = answer(row, fields)
            values = {
                "sample_id": sample,
                "prompt_id": prompt_id(messages),
                "messages": messages,
                "source": self.source.slug,
                "file": self.file,
                "line": line,
                "source_id": short(row.source_id, fields),
                "source_label": short(row.source_label, fields),
                "source_group": short(row.source_group, fields),
                "task": row.task,
                "label": label,
                "unsafe": unsafe,
                "category": category,
                "subcategory": None,
                "origin": (row.origin or self.source.label_origin) if row.task else None,
            }
        except Rejected as why:
            self.reject(line, why.reason, why.detail, sample=sample)
            return
        for name, value in values.items():
            self.columns[name].append(value)

    def _look(self, path: str) -> str:
        if path not in self.media_ids:
            place = (self.folder / path).resolve()
            if not place.is_relative_to(self.folder.resolve()):
                raise Rejected("image_outside", "the path of a picture leads out of the source's folder")
            if not place.is_file():
                raise Rejected("missing_image", "a picture that the record names is not there")
            data = place.read_bytes()
            try:
                known = media.probe(data)
            except media.BadImage as error:
                raise Rejected(error.reason, f"a picture of {len(data)} bytes cannot be used") from None
            self.pictures[known["media_id"]] = (known, data)
            self.media_ids[path] = known["media_id"]
        return self.media_ids[path]

    def hand_out(self) -> Ingested:
        """What was collected, screened; the batch starts anew."""
        rows = pl.from_arrow(pa.Table.from_pydict(self.columns, schema=BATCH))
        assert isinstance(rows, pl.DataFrame)
        texts = with_text(rows).select(
            "images", text=pl.concat_str("prompt", "response", separator="\n", ignore_nulls=True)
        )
        hit = screen.matches(texts["text"])
        for sample, line in rows.filter(hit).select("sample_id", "line").iter_rows():
            self.reject(line, "screen_minors", "matched the keyword screen", sample=sample)
        shown = set(texts.filter(~hit)["images"].explode().drop_nulls()) - self.handed_out
        self.handed_out |= shown
        out = Ingested(
            rows.filter(~hit),
            pl.DataFrame(self.rejected, schema=REJECTIONS, orient="row"),
            [picture for name, picture in self.pictures.items() if name in shown],
            self.records,
        )
        self._clear()
        return out
