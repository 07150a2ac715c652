"""Parents and children to any depth."""

from collections.abc import Sequence

import duckdb

from catalog.lineage.find import Event


def ancestors(
    connection: duckdb.DuckDBPyConnection, node: str, *, depth: int | None = None, skip: Sequence[str] = ()
) -> list[Event]:
    """Every edge that leads to a sample or checkpoint: its parents, their parents, and so on.

    Args:
        connection: A connection to the catalog.
        node: A full id.
        depth: Steps to go; all of them by default. A cycle is walked once.
        skip: Relations that are not followed.

    Returns:
        Edges with `depth` (1 for a parent), `child_id`, `parent_id`, `relation`, `seed`, `detail`, nearest first.
    """
    return _walk(connection, node, "child_id", "parent_id", depth, skip)


def descendants(
    connection: duckdb.DuckDBPyConnection, node: str, *, depth: int | None = None, skip: Sequence[str] = ()
) -> list[Event]:
    """Every edge that leads away from a sample, release or checkpoint; as `ancestors`, the other way."""
    return _walk(connection, node, "parent_id", "child_id", depth, skip)


def _walk(
    connection: duckdb.DuckDBPyConnection, node: str, near: str, far: str, depth: int | None, skip: Sequence[str]
) -> list[Event]:
    """Level by level, each by index: DuckDB's recursive queries read the whole table at every step."""
    names = ("child_id", "parent_id", "relation", "seed", "detail")
    edges: list[Event] = []
    seen, level, steps = {node}, [node], 0
    while level and (depth is None or steps < depth):
        steps += 1
        found = connection.execute(
            f"select distinct {', '.join(names)} from lineage where {near} in (select unnest(?)) order by all", [level]
        ).fetchall()
        # Relations are left out here, since with a second condition DuckDB does not use the index.
        new = [{"depth": steps, **dict(zip(names, row, strict=True))} for row in found if row[2] not in skip]
        edges += new
        level = list(dict.fromkeys(edge[far] for edge in new if edge[far] not in seen))
        seen.update(level)
    return edges
