"""From what a person types to an id, and what both `trace` and `why` ask."""

from typing import Any

import duckdb

Event = dict[str, Any]


def find(connection: duckdb.DuckDBPyConnection, asked: str) -> str:
    """The full id of a sample (kept, rejected or taken down), checkpoint or release.

    Args:
        connection: A connection to the catalog.
        asked: The name of a release (the newest of that name), the first characters of an id, or the place of a record
            as `source:file:line`.

    Returns:
        The id; for the place of a record that never became a sample (unreadable, screened), the place itself.

    Raises:
        LookupError: If nothing answers to it, or several ids do.
    """
    if asked.count(":") >= 2:
        source, file, line = place(asked)
        found = connection.execute(
            """select distinct sample_id from (
                   select sample_id, source, file, line from history.occurrences
                   union all select sample_id, source, file, line from history.rejections
               ) where source = ? and file = ? and line = ? order by 1 nulls last limit 3""",
            [source, file, line],
        ).fetchall()
        if found == [(None,)]:
            return asked
        found = [row for row in found if row[0] is not None]
        if not found:
            quoted = source.replace("'", "''")
            raise LookupError(
                f"nothing was read at {asked}; the files of that source: "
                f"safeladder sql \"select distinct file from source_files where source = '{quoted}'\""
            )
    elif named := connection.execute(
        "select release_id from releases where name = ? order by created_at desc limit 1", [asked]
    ).fetchall():
        return str(named[0][0])
    else:
        # A whole id is found by index. Ids are hex digits: `g` comes after every one that begins so.
        begins = "id = ?1" if len(asked) == 64 else "id >= ?1 and id < ?1 || 'g' and starts_with(id, ?1)"
        found = connection.execute(
            f"""select distinct id from (
                   select sample_id as id from history.samples union all select sample_id from history.rejections
                   union all select checkpoint_id from checkpoints union all select release_id from releases
               ) where {begins} order by 1 limit 3""",
            [asked],
        ).fetchall()
    if len(found) != 1:
        problem = "no sample, checkpoint or release begins with" if not found else "several ids answer to"
        some = ", ".join(row[0][:16] for row in found)
        raise LookupError(
            f"{problem} {asked!r}{': ' + some + ', ...' if some else ''}; "
            'list some with `safeladder sql "select sample_id from samples"`, or name a place as source:file:line'
        )
    return str(found[0][0])


def kind(connection: duckdb.DuckDBPyConnection, found: str) -> str:
    """What `find` has found: `record` (a place), `release`, `checkpoint` or `sample`."""
    if ":" in found:
        return "record"
    for table in ("release", "checkpoint"):
        if connection.execute(f"select 1 from {table}s where {table}_id = ? limit 1", [found]).fetchall():
            return table
    return "sample"


def place(text: str) -> tuple[str, str, int]:
    """Source, file and line of `source:file:line`.

    Raises:
        LookupError: If the line is not a number.
    """
    source, _, rest = text.partition(":")
    file, _, line = rest.rpartition(":")
    if not line.isdecimal():
        raise LookupError(f"{text!r}: a place is source:file:line, the line a number from 1")
    return source, file, int(line)


def query(connection: duckdb.DuckDBPyConnection, kind: str, sql: str, *values: Any) -> list[Event]:
    """Rows of a query as events of one kind."""
    cursor = connection.execute(sql, list(values))
    names = [column[0] for column in cursor.description or ()]
    return [{"event": kind, **dict(zip(names, row, strict=True))} for row in cursor.fetchall()]


def rejected_at(connection: duckdb.DuckDBPyConnection, asked: str) -> list[Event]:
    """What was said of a record that never became a sample."""
    return query(
        connection,
        "rejected",
        """select stage, reason, detail, matched_id, similarity, source, file, line from rejections
           where source = ? and file = ? and line = ? order by added_seq desc""",
        *place(asked),
    )
