"""A store: ledger, segments and media, wherever each of them is kept. Every write goes through `Store.commit`."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from sqlalchemy import func, select

from catalog import ledger, place, segments
from catalog.files import LocalFiles, open_files
from catalog.ids import media_id
from catalog.schema import BATCH, LEDGER_TABLES, SEGMENT_TABLES, TABLES
from catalog.segments import WORKING


class Store:
    """Rows in, rows out; nothing is ever rewritten.

    A commit is atomic and idempotent: its batch id is unique, so a batch that was written before a crash and is
    written again afterwards stands once.

    Args:
        path: Folder of the store; created readable by its owner alone, since it holds restricted rows. Its
            `store.json`, if there is one, says that files or ledger are kept elsewhere (`catalog.place`).
        ledger_url: Another ledger than its own, such as a copy of it as it was.
    """

    def __init__(self, path: Path | str, *, ledger_url: Path | str | None = None) -> None:
        self.path = Path(path)
        if not place.exists(self.path):
            os.makedirs(self.path, mode=0o700, exist_ok=True)
            if not any(self.path.iterdir()):
                self.path.chmod(0o700)  # it may have been there
        settled = place.read(self.path)
        self.files = open_files(settled.files or self.path, cache=self.path / "copies")
        self.ledger = ledger.open_ledger(ledger_url or settled.ledger or self.path / place.LEDGER)

    @classmethod
    def existing(cls, path: Path | str) -> "Store":
        """Open a store that must be there already.

        Raises:
            FileNotFoundError: If there is none, with the command that makes one.
        """
        if not place.exists(Path(path)):
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
            entries: New rows of the ledger's own tables (`releases`, `checkpoints`), without `added_seq`; of
                one key the first stands.

        Returns:
            False if the batch stood already and nothing was written.

        Raises:
            KeyError: If there is no such table.
            OSError: If the files cannot be written, or one of them was collected before the ledger had it.
            LedgerBusy: If another writer keeps the lock.
        """
        if unknown := sorted(tables.keys() - {WORKING, *SEGMENT_TABLES}):
            raise KeyError(f"no table {unknown[0]!r} takes rows; there are: {', '.join(SEGMENT_TABLES)}")
        if self.has(batch_id):
            return False
        written = {
            name: (segments.write(self.files, name, rows), rows.height) for name, rows in tables.items() if rows.height
        }
        pictures = [media_name(name) for name in tables["media"]["media_id"].unique()] if "media" in written else []
        self._there(pictures)
        with ledger.writing(self.ledger) as connection:
            if connection.execute(select(ledger.commits.c.seq).where(ledger.commits.c.batch_id == batch_id)).first():
                return False
            seq = ledger.add_commit(connection, batch_id)
            # Once more, since a collector may have been at work; far away pictures would hold the lock too long.
            near = pictures if isinstance(self.files, LocalFiles) else []
            self._there([*near, *(segments.name_of(name, digest) for name, (digest, _) in written.items())])
            for name, (digest, rows) in written.items():
                segment = {"seq": seq, "table_name": name, "digest": digest, "rows": rows}
                ledger.put_entries(connection, "segments", [segment])
            for name, new in (entries or {}).items():
                known = {"added_seq": seq} if "added_seq" in ledger.metadata.tables[name].c else {}
                ledger.put_entries(connection, name, [{**row, **known} for row in new])
        return True

    def _there(self, files: Sequence[str]) -> None:
        if gone := self.files.missing(files):
            raise OSError(f"{gone[0]} vanished before it was committed: write it and commit again")

    def has(self, batch_id: str) -> bool:
        """Whether a batch was committed."""
        with self.ledger.connect() as connection:
            found = connection.execute(
                select(ledger.commits.c.seq).where(ledger.commits.c.batch_id == batch_id)
            ).first()
        return found is not None

    def head(self) -> int:
        """Sequence number of the last commit; 0 where there is none. With it, several reads see one state."""
        with self.ledger.connect() as connection:
            return connection.execute(select(func.max(ledger.commits.c.seq))).scalar() or 0

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
        return segments.find(self.files, segments.name_of(table, digest), digest)

    def read(self, table: str, *, batch_id: str | None = None) -> pl.DataFrame:
        """All rows of a table, or those of one batch.

        Raises:
            KeyError: If there is no such table.
            DamagedSegment: If a file is missing or was changed; never a short answer.
        """
        if table in LEDGER_TABLES:
            return self._read_ledger(table)
        schema = BATCH if table == WORKING else TABLES[table]
        empty = pl.from_arrow(schema.empty_table())
        assert isinstance(empty, pl.DataFrame)
        frames = [segments.read(self.files, table, digest) for _, digest in self.segment_list(table, batch_id=batch_id)]
        return pl.concat([empty, *frames])

    def _read_ledger(self, table: str) -> pl.DataFrame:
        listed = ledger.metadata.tables[table]
        with self.ledger.connect() as connection:
            found = connection.execute(select(listed).order_by(*listed.primary_key)).mappings().all()
        rows = [{name: row[name] for name in TABLES[table].names} for row in found]
        return pl.from_arrow(pa.Table.from_pylist(rows, schema=TABLES[table]))  # type: ignore[return-value]

    def put_media(self, data: bytes) -> str:
        """Keep a file under its sha256 and return that."""
        name = media_id(data)
        self.files.put(media_name(name), data)
        return name

    def get_media(self, name: str) -> bytes:
        """Bytes of a file.

        Raises:
            DamagedSegment: If it is missing or was changed.
        """
        return segments.find(self.files, media_name(name), name).read_bytes()


def media_name(media_id: str) -> str:
    """Name of a picture below the root of the store's files."""
    return f"media/{media_id[:2]}/{media_id}"
