"""A prompt for the catalog: the `duckdb` program where it is on the path, else a small one of our own."""

import contextlib
import itertools
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb

from catalog import read_model
from safeladder.cli.console import emit, say

SHOWN = 100  # rows, where a person reads them
HELP = ".tables lists tables and views, .describe NAME their columns, .quit leaves; a query ends with ;"


def open_shell(store: Path, *, as_of: str | None = None) -> int:
    """Answer queries until the input ends.

    Args:
        store: Folder of the store.
        as_of: As in `read_model.connect`; needs our own prompt.

    Returns:
        Number of queries that failed, where they were piped in; a person has seen the message.
    """
    program = shutil.which("duckdb")
    with read_model.connect(store, as_of=as_of, sandbox=True) as connection:
        if program is None or as_of is not None:
            return _prompt(connection)
    done = subprocess.run([program, "-readonly", "-cmd", ".safe_mode", str(store / read_model.FILE)])
    return 0 if done.returncode == 0 else 1


def answer(connection: duckdb.DuckDBPyConnection, text: str, *, as_json: bool, all_rows: bool) -> int:
    """Print what each statement of a text gives.

    Args:
        connection: A connection to the catalog.
        text: Statements, with semicolons between them.
        as_json: JSON lines instead of tables.
        all_rows: Every row, not only the first `SHOWN` and how many more there are.

    Returns:
        Number of statements; 0 where there are only comments.

    Raises:
        duckdb.Error: If one cannot be answered; those before it have been.
    """
    statements = connection.extract_statements(text)
    for statement in statements:
        cursor = connection.execute(statement)
        names = _told_apart([column[0] for column in cursor.description or ()])
        rows = cursor.fetchall() if all_rows else cursor.fetchmany(SHOWN)
        emit((dict(zip(names, row, strict=True)) for row in rows), as_json=as_json, columns=names)
        if more := 0 if all_rows else _count(cursor):
            say(f"the first {SHOWN:,} rows, {more:,} more; `safeladder sql` with --json or into a pipe prints them all")
    return len(statements)


def _told_apart(names: Sequence[str]) -> list[str]:
    """Names of columns as they are, and where one comes again `label_1`, `label_2`."""
    apart: list[str] = []
    for name in names:
        numbered = (f"{name}_{number}" for number in itertools.count(1))
        apart.append(name if name not in apart else next(new for new in numbered if new not in (*apart, *names)))
    return apart


def _count(cursor: duckdb.DuckDBPyConnection) -> int:
    """How many rows are left, not all of them in memory at once."""
    return sum(iter(lambda: len(cursor.fetchmany(10_000)), 0))


def _prompt(connection: duckdb.DuckDBPyConnection) -> int:
    reads_person = sys.stdin.isatty()
    if reads_person:
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  gives `input` its line editing
        say(HELP)
    written, failed = "", 0
    while True:
        try:
            line = input(("   ...> " if written else "catalog> ") if reads_person else "")
        except EOFError:
            return failed + (not _answer(connection, written, reads_person) if written.strip() else 0)
        except KeyboardInterrupt:
            say()
            written = ""
            continue
        if not written.strip() and line.strip().startswith("."):
            if line.split()[0] in (".quit", ".exit"):
                return failed
            _command(line.strip())
            continue
        written += line + "\n"
        if _is_complete(connection, written):
            failed += not _answer(connection, written, reads_person)
            written = ""
    return failed


def _is_complete(connection: duckdb.DuckDBPyConnection, written: str) -> bool:
    """Whether the text ends a statement: a semicolon last, and not inside a string."""
    if not written.rstrip().endswith(";"):
        return False
    try:
        connection.extract_statements(written)
    except duckdb.ParserException as error:
        return "unterminated" not in str(error)
    return True


def _answer(connection: duckdb.DuckDBPyConnection, query: str, reads_person: bool) -> bool:
    try:
        answer(connection, query, as_json=False, all_rows=not reads_person)
    except duckdb.Error as error:
        say(f"error: {error}")
        return False
    except KeyboardInterrupt:
        say("stopped")
    return True


def _command(line: str) -> None:
    relations = read_model.relations()
    word, _, name = line.partition(" ")
    if word == ".tables":
        emit(({"name": r.name, "kind": r.kind, "meaning": r.about} for r in relations.values()), as_json=False)
    elif word in (".describe", ".schema") and name.strip() in relations:
        columns = relations[name.strip()].columns.items()
        emit(({"column": column, "meaning": text} for column, text in columns), as_json=False)
    else:
        say(HELP)
