"""A store: one folder with the ledger, the segments and the media. Every write goes through `Store.commit`."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from sqlalchemy import insert, select

from catalog import ledger, segments
from catalog.ids import media_id
from catalog.schema import BATCH, LEDGER_TABLES, TABLES
from catalog.segments import WORKING


class Store:
    """Rows in, rows out; nothing is ever rewritten.

    A commit is atomic and idempotent: its batch id is unique, so a batch that was written before a crash and is
    written again afterwards stands once.

    Args:
        path: Folder of the store; created readable by its owner alone, since it holds restricted rows.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not self.path.exists():
            os.makedirs(self.path, mode=0o700)
        self.ledger = ledger.open_ledger(self.path / "ledger.sqlite")
        self._segments = self.path / "segments"

    @classmethod
    def existing(cls, path: Path | str) -> "Store":
        """Open a store that must be there already.

        Raises:
            FileNotFoundError: If there is none, with the command that makes one.
        """
        if not (Path(path) / "ledger.sqlite").exists():
            raise FileNotFoundError(
                f"no store at {path}: name one with --store, or make it with `safeladder run RECIPE`"
            )
        return cls(path)

    def commit(
        self,
        batch_id: str,
        tables: Mapping[str, pl.DataFrame],
        *,
        entries: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    ) -> bool:
        """Write rows of several tables at once, all or nothing.

        Args:
            batch_id: Unique name of the batch; the fingerprint of the stage that made it.
            tables: Rows by table name, in the columns of `catalog.schema`. `working` takes `BATCH` rows that a later
                stage reads and the catalog does not show. An empty frame writes nothing.
            entries: New rows of the ledger's own tables (`releases`, `checkpoints`); one that stands is replaced.

        Returns:
            False if the batch stood already and nothing was written.
        """
        if self.has(batch_id):
            return False
        written = {
            name: (segments.write(self._segments, name, rows), rows.height)
            for name, rows in tables.items()
            if rows.height
        }
        with ledger.writing(self.ledger) as connection:
            if connection.execute(select(ledger.commits.c.seq).where(ledger.commits.c.batch_id == batch_id)).first():
                return False
            new = insert(ledger.commits).values(batch_id=batch_id, committed_at=ledger.now())
            seq = connection.execute(new.returning(ledger.commits.c.seq)).scalar_one()
            for name, (digest, rows) in written.items():
                connection.execute(insert(ledger.segments).values(seq=seq, table_name=name, digest=digest, rows=rows))
            for name, rows_ in (entries or {}).items():
                for row in rows_:
                    connection.execute(insert(ledger.metadata.tables[name]).prefix_with("OR REPLACE").values(**row))
        return True

    def has(self, batch_id: str) -> bool:
        """Whether a batch was committed."""
        with self.ledger.connect() as connection:
            found = connection.execute(
                select(ledger.commits.c.seq).where(ledger.commits.c.batch_id == batch_id)
            ).first()
        return found is not None

    def segment_list(self, table: str, *, batch_id: str | None = None) -> list[tuple[int, str]]:
        """(sequence number, sha256) of a table's segments, oldest first."""
        query = (
            select(ledger.segments.c.seq, ledger.segments.c.digest)
            .join(ledger.commits, ledger.commits.c.seq == ledger.segments.c.seq)
            .where(ledger.segments.c.table_name == table)
            .order_by(ledger.segments.c.seq)
        )
        if batch_id is not None:
            query = query.where(ledger.commits.c.batch_id == batch_id)
        with self.ledger.connect() as connection:
            return [(row.seq, row.digest) for row in connection.execute(query)]

    def segment_file(self, table: str, digest: str) -> Path:
        """A local file with the bytes of a segment, checked against its sha256.

        Raises:
            DamagedSegment: If it is missing or was changed.
        """
        return segments.find(self._segments, table, digest)

    def read(self, table: str, *, batch_id: str | None = None) -> pl.DataFrame:
        """All rows of a table, or those of one batch.

        Raises:
            KeyError: If there is no such table.
            DamagedSegment: If a file is missing or was changed; never a short answer.
        """
        if table in LEDGER_TABLES:
            return self._read_ledger(table)
        schema = BATCH if table == WORKING else TABLES[table]
        empty = pl.from_arrow(pa.Table.from_pylist([], schema=schema))
        assert isinstance(empty, pl.DataFrame)
        frames = [
            segments.read(self._segments, table, digest) for _, digest in self.segment_list(table, batch_id=batch_id)
        ]
        return pl.concat([empty, *frames])

    def _read_ledger(self, table: str) -> pl.DataFrame:
        with self.ledger.connect() as connection:
            found = connection.execute(select(ledger.metadata.tables[table])).mappings().all()
        rows = [{name: row[name] for name in TABLES[table].names} for row in found]
        return pl.from_arrow(pa.Table.from_pylist(rows, schema=TABLES[table]))  # type: ignore[return-value]

    def put_media(self, data: bytes) -> str:
        """Keep a file under its sha256 and return that."""
        name = media_id(data)
        segments.put(self.media_path(name), data)
        return name

    def media_path(self, name: str) -> Path:
        """Where a file with this sha256 lies."""
        return self.path / "media" / name[:2] / name

    def get_media(self, name: str) -> bytes:
        """Bytes of a file.

        Raises:
            DamagedSegment: If it is missing or was changed.
        """
        path = self.media_path(name)
        data = path.read_bytes() if path.exists() else b""
        if media_id(data) != name:
            raise segments.DamagedSegment(f"media file {path} is missing or was changed since it was stored")
        return data
