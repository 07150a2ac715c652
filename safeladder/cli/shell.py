"""A prompt for the catalog: the `duckdb` program where it is on the path, else a small one of our own."""

import contextlib
import shutil
import subprocess
import sys
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
        for statement in connection.extract_statements(query):
            cursor = connection.execute(statement)
            names = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchmany(SHOWN + 1) if reads_person else cursor.fetchall()
            shown = rows[:SHOWN] if reads_person else rows
            emit((dict(zip(names, row, strict=True)) for row in shown), as_json=False, columns=names)
            if len(rows) > len(shown):
                say(f"the first {SHOWN} rows; `safeladder sql` prints them all")
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
