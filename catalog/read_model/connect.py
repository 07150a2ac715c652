"""Open the DuckDB file: read-only, as it is or as it was, shut off from everything else if asked."""

import shlex
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from catalog.read_model import views
from catalog.read_model.build import FILE
from catalog.schema import LEDGER_TABLES, SEGMENT_TABLES

# What DuckDB says of a file that is another's, was cut off or was changed; not of one that it may not read.
DAMAGED = ("not a valid DuckDB database file", "Could not read enough bytes", "Corrupt database file")


def connect(
    path: Path | str, *, as_of: int | str | datetime | None = None, sandbox: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open the catalog of a store, read-only.

    The file is attached to an instance of its own, so that a process may hold several: one as of today and one as of
    last week, one shut off and one not, an old one beside the one that was published since.

    Args:
        path: Folder of the store.
        as_of: Show every table and view as it was: a commit (`commits.seq`), a release by name or digest, or a time
            (ISO 8601, UTC where it names no zone). `history.<table>` shows all there is at any time.
        sandbox: No file, network, extension or setting can be reached from a query.

    Raises:
        FileNotFoundError: If it was never built, with the command that builds it.
        LookupError: If there is no such commit, release or time.
        ValueError: If the file is damaged, with the command that makes it anew.
    """
    file = Path(path) / FILE
    if not file.exists():
        raise FileNotFoundError(f"no catalog at {file}: build it with `safeladder catalog build --store {path}`")
    connection = duckdb.connect(
        config={
            "temp_directory": f"{file}.tmp",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    try:
        connection.execute(f"attach '{str(file).replace(chr(39), chr(39) * 2)}' as catalog (read_only)")
    except duckdb.Error as error:
        if not is_damage(error):
            raise
        raise ValueError(
            f"{file} is no DuckDB file, or a damaged one: "
            f"make it anew with `safeladder catalog build --full --store {shlex.quote(str(path))}`"
        ) from None
    connection.execute("use catalog")
    if as_of is not None:
        _go_back(connection, moment(connection, as_of))
    if sandbox:
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
    return connection


def is_damage(error: BaseException) -> bool:
    """Whether DuckDB says that the file is damaged; beyond its first blocks only a query finds that."""
    return any(sign in str(error) for sign in DAMAGED)


def moment(connection: duckdb.DuckDBPyConnection, as_of: int | str | datetime) -> int:
    """The commit that a point in time names: digits a commit, then the name of a release, a time, a release's digest.

    Raises:
        LookupError: If there is none, with what there is.
    """
    text = str(as_of)
    last = _one(connection, "select coalesce(max(seq), 0) from commits")
    assert last is not None
    if text.isdecimal() and int(text) <= last:
        return int(text)
    newest = "select added_seq from releases where {} order by created_at desc limit 1"
    if (seq := _one(connection, newest.format("name = ?"), text)) is not None:
        return seq
    try:
        when = as_of if isinstance(as_of, datetime) else datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is not None:
        when = when.replace(tzinfo=when.tzinfo or UTC)
        return _one(connection, "select coalesce(max(seq), 0) from commits where committed_at <= ?", when) or 0
    if (seq := _one(connection, newest.format("length(?1) >= 6 and starts_with(release_id, ?1)"), text)) is not None:
        return seq
    raise LookupError(
        f"{text!r} is no commit (0 to {last}), release or time such as 2026-11-25T12:00; "
        '`safeladder sql "from releases"` and `safeladder sql "from commits"` list them'
    )


def _one(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> int | None:
    found = connection.execute(sql, list(values)).fetchall()
    return None if not found or found[0][0] is None else int(found[0][0])


def _go_back(connection: duckdb.DuckDBPyConnection, seq: int) -> None:
    """Views in memory, found before the tables of the same names, that show an earlier state."""
    stood = f"added_seq <= {seq} and (removed_seq is null or removed_seq > {seq})"
    state = {name: f"history.{name} where {stood}" for name in SEGMENT_TABLES}
    state["commits"] = f"main.commits where seq <= {seq}"
    for name in ("releases", "checkpoints"):
        state[name] = f"main.{name} where added_seq is null or added_seq <= {seq}"
    # A run and its stages are rewritten while it works: shown are those that had begun, in the state of today.
    begun = f"started_at <= (select max(committed_at) from catalog.main.commits where seq <= {seq})"
    state["runs"] = f"main.runs where {begun}"
    state["stages"] = f"main.stages where run_id in (select run_id from catalog.main.runs where {begun})"
    connection.execute("use memory")
    connection.execute("create schema history")
    for name in SEGMENT_TABLES:
        connection.execute(f"create view history.{name} as from catalog.history.{name}")
        replace = "* replace (null::bigint as removed_seq)"
        connection.execute(f"create view {name} as select {replace} from catalog.{state[name]}")
    for name in LEDGER_TABLES:
        connection.execute(f"create view {name} as from catalog.{state[name]}")
    both = " union all ".join(
        f"select *, rowid as place from catalog.{schema}.annotations where {stood}" for schema in ("main", "removed")
    )
    views.create(connection, labels=views.labels_of(both))
    connection.execute("set search_path = 'memory.main,catalog.main'")
