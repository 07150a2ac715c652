"""Check the DuckDB file against what the ledger lists: the same segments, and every row of them accounted for."""

from typing import Any

from catalog.read_model.build import listed
from catalog.read_model.connect import connect
from catalog.read_model.tables import REMOVABLE
from catalog.schema import SEGMENT_TABLES
from catalog.store import Store


def verify(store: Store) -> list[dict[str, Any]]:
    """Account for every row of every listed segment; each file is read and checked against its sha256.

    Returns:
        Per table `segments`, `rows` in them, `copies` (rows that stood already), `current`, `removed` by a takedown,
        and `problem`: null where rows = copies + current + removed and the catalog holds what the ledger lists.

    Raises:
        DamagedSegment: If a segment is missing or was changed.
        FileNotFoundError: If the catalog was never built.
    """
    segments = listed(store)
    with connect(store.path) as connection:
        held = connection.execute("select table_name, seq, digest, rows, kept from segments").fetchall()
        return [_account(connection, name, {s for s in segments if s[0] == name}, held) for name in SEGMENT_TABLES]


def _account(connection: Any, name: str, wanted: set[Any], held: list[Any]) -> dict[str, Any]:
    mine = [row for row in held if row[0] == name]
    current = connection.execute(f"select count(*) from main.{name}").fetchall()[0][0]
    removed = connection.execute(f"select count(*) from removed.{name}").fetchall()[0][0] if name in REMOVABLE else 0
    rows, kept = sum(row[3] for row in mine), sum(row[4] for row in mine)
    here = {tuple(row[:3]) for row in mine}
    problem = None
    if here - wanted:
        problem = "holds segments that the ledger does not list: safeladder catalog build --full"
    elif wanted - here:
        problem = "segments are newer than the catalog: safeladder catalog build"
    elif kept != current + removed:
        problem = "rows are missing or doubled: safeladder catalog build --full"
    account = {"segments": len(mine), "rows": rows, "copies": rows - kept, "current": current, "removed": removed}
    return {"table": name, **account, "problem": problem}
