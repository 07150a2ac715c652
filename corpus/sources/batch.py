"""What comes of records, collected until a batch is full."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from catalog.ids import prompt_id, sample_id
from catalog.schema import BATCH
from catalog.text import with_text
from corpus import readers, screen
from corpus.pieces import REASON_FAILED
from corpus.readers.record import strings
from corpus.sources.conversation import messages_of
from corpus.sources.description import Files, Source
from corpus.sources.mapping import Fields, Tables, answer, expand, selected, short, unzipped
from corpus.sources.pictures import Pictures
from corpus.sources.rules import Row
from corpus.sources.template import Rejected
from corpus.sources.types import check_types

REJECTIONS = {
    "sample_id": pl.String,
    "reason": pl.String,
    "detail": pl.String,
    "source": pl.String,
    "file": pl.String,
    "line": pl.Int64,
}
NOTES = {"note": pl.String, "media_id": pl.String, "image": pl.String, "line": pl.Int64}


class Ingested(NamedTuple):
    """What came of some records of a file.

    `rows` in the columns of `BATCH`; `rejections` with sample_id (null where there is no sample), reason, detail,
    source, file and line; `media` as (row of the media table, bytes); `records` as the number of records read. `notes`
    tell what is odd about pictures that were kept all the same (`note`, one word; media_id, image, line, file).
    """

    rows: pl.DataFrame
    rejections: pl.DataFrame
    media: list[tuple[dict[str, Any], bytes]]
    records: int
    notes: pl.DataFrame


class Batch:
    """Collects columns, since a table of columns is built many times faster than one of rows."""

    def __init__(self, source: Source, file: str, folder: Path) -> None:
        self._source, self._file = source, file
        self._pictures = Pictures(folder)
        self._place = {
            "$file": file,
            "$stem": Path(file.removesuffix(".gz")).stem,
            "$folder": (folder / file).parent.name,
        }
        self._clear()

    def _clear(self) -> None:
        self.records = 0
        self._columns: dict[str, list[Any]] = {name: [] for name in BATCH.names}
        self._said: list[str] = []  # all text of each record
        self._record: list[int] = []  # for each row, which of them it was made of
        self._rejected: list[tuple[str | None, str, str, str, str, int]] = []

    @property
    def size(self) -> int:
        """Rows and rejections so far."""
        return len(self._columns["line"]) + len(self._rejected)

    def _reject(self, line: int, reason: str, detail: str, *, sample: str | None = None) -> None:
        self._rejected.append((sample, reason, detail, self._source.slug, self._file, line))

    def add(self, record: readers.Record | readers.BadRecord, entry: Files, tables: Tables) -> None:
        """Make the rows of a record; what cannot be made is a rejection."""
        self.records += 1
        if isinstance(record, readers.BadRecord):
            self._reject(record.line, record.reason, record.detail)
            return
        self._said.append("\n".join(strings(record.fields)))
        try:
            check_types(entry.types, record.fields)
            for fields in unzipped(entry, {**record.fields, **self._place, "$line": record.line}):
                self._add_record(record.line, entry, fields, tables)
        except Rejected as why:
            self._reject(record.line, why.reason, why.detail)
        except (OSError, MemoryError):
            raise
        except Exception as error:  # a fault of ours: the record is counted, and read again by `run --retry-failed`
            self._reject(record.line, REASON_FAILED, type(error).__name__)

    def _add_record(self, line: int, entry: Files, fields: Fields, tables: Tables) -> None:
        before = self.size
        try:
            fields = expand(entry, fields, tables)
            for lookup in entry.lookups:
                self._said[-1] += "\n" + "\n".join(strings(fields[lookup.into]))
        except Rejected as why:
            self._reject(line, why.reason, why.detail)
            return
        for row in entry.rows:
            self._add_row(line, row, fields)
        if self.size == before:
            self._reject(line, "not_selected", "no row of the description is made of such a record")

    def _add_row(self, line: int, row: Row, fields: Fields) -> None:
        sample = None
        try:
            if not selected(row, fields):
                return
            shown = short(row.image_text, fields)
            messages = messages_of(row, fields, partial(self._pictures.look, line=line, text=shown))
            sample = sample_id(messages)
            values = {
                "sample_id": sample,
                "prompt_id": prompt_id(messages),
                "messages": messages,
                "source": self._source.slug,
                "file": self._file,
                "line": line,
                "source_id": short(row.source_id, fields),
                "source_label": short(row.source_label, fields),
                "source_group": short(row.source_group, fields),
                "task": row.task,
                **answer(row, fields),
                "origin": (row.origin or self._source.label_origin) if row.task else None,
            }
        except Rejected as why:
            self._reject(line, why.reason, why.detail, sample=sample)
            return
        for name, value in values.items():
            self._columns[name].append(value)
        self._record.append(len(self._said) - 1)

    def hand_out(self) -> Ingested:
        """What was collected, screened; the batch starts anew.

        A row falls with all others of its record if any text of the record matches, used or not: the same request may
        stand there in a language, or in a picture, that the screen cannot read.
        """
        rows = pl.from_arrow(pa.Table.from_pydict(self._columns, schema=BATCH))
        assert isinstance(rows, pl.DataFrame)
        texts = with_text(rows).select(
            "images", text=pl.concat_str("prompt", "response", separator="\n", ignore_nulls=True)
        )
        hit = screen.matches(texts["text"])
        bad = set(pl.Series(self._record, dtype=pl.Int64).filter(hit)) | set(
            screen.matches(pl.Series(self._said, dtype=pl.String)).arg_true()
        )
        hit = pl.Series([record in bad for record in self._record], dtype=pl.Boolean)
        for sample, line in rows.filter(hit).select("sample_id", "line").iter_rows():
            self._reject(line, "screen_minors", "matched the keyword screen", sample=sample)
        out = Ingested(
            rows.filter(~hit),
            pl.DataFrame(self._rejected, schema=REJECTIONS, orient="row"),
            self._pictures.hand_out(set(texts.filter(~hit)["images"].explode().drop_nulls())),
            self.records,
            pl.DataFrame(self._pictures.notes, schema=NOTES, orient="row").with_columns(file=pl.lit(self._file)),
        )
        self._pictures.notes.clear()
        self._clear()
        return out
