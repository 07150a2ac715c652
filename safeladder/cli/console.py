"""What every command shares: options, tables and JSON on standard output, errors and exit codes."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

StoreOption = Annotated[
    str | None, typer.Option("--store", help="Folder or URL of the store [default: $SAFELADDER_STORE or ./store]")
]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Local copies of public sets [default: $SAFELADDER_DATA or ./data]")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable output")]

ID = re.compile("[0-9a-f]{64}")
PIPED = 1000  # columns of what is no terminal
LEAST = 24  # columns of a line that a text needs to be read


class DidNotHold(Exception):
    """The command was asked rightly, but what it checks or needs did not hold: exit code 1."""


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on standard error; yields what is to be told (done, total, unit)."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(transient=True, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total, unit: bar.update(task, completed=done, total=total, description=f"{what} {unit}")


def say(line: str = "") -> None:
    """A line for people; on standard error, so that standard output stays what was asked for."""
    print(line, file=sys.stderr, flush=True)


def emit(rows: Iterable[Mapping[str, Any]], *, as_json: bool, columns: Sequence[str] | None = None) -> None:
    """Print rows: JSON lines for machines, a table for people.

    On a terminal, ids are cut to their first 12 characters (every command takes those) and times to seconds, and rows
    that are too wide for it are shown one `column  value` line each. What is piped has no width, and whole ids.
    """
    listed = list(rows)
    if as_json:
        for row in listed:
            print(json.dumps(row, ensure_ascii=False, default=str))
        return
    if not listed:
        print("(no rows)")
        return
    from rich.console import Console

    terminal = sys.stdout.isatty()
    console = Console(width=None if terminal else PIPED)
    names = list(columns or listed[0])
    cells = [[_cell(row.get(name), cut=terminal) for name in names] for row in listed]
    numeric = [all(isinstance(row.get(name), int | float | None) for row in listed) for name in names]
    if not terminal or _fits(names, cells, console.width):
        console.print(_table(names, cells, numeric))
        return
    for number, texts in enumerate(cells):
        if number:
            console.print()
        console.print(_record(names, texts))


def _table(names: list[str], cells: list[list[str]], numeric: list[bool]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, column, right in zip(names, zip(*cells, strict=True), numeric, strict=True):
        table.add_column(
            Text(name), justify="right" if right else "left", overflow="fold", no_wrap=not any(map(_is_text, column))
        )
    for row in cells:
        table.add_row(*map(Text, row))
    return table


def _record(names: list[str], texts: list[str]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    record = Table.grid(padding=(0, 2))
    record.add_column(style="bold", no_wrap=True)
    record.add_column(overflow="fold")
    for name, cell in zip(names, texts, strict=True):
        record.add_row(Text(name), Text(cell))
    return record


def _fits(names: list[str], cells: list[list[str]], width: int) -> bool:
    """Whether a table needs to break no word or number, and leaves text `LEAST` columns of a line."""
    from rich.cells import cell_len

    needed = 2 * (len(names) - 1)  # between columns
    for name, column in zip(names, zip(*cells, strict=True), strict=True):
        needed += max(cell_len(name), *(min(cell_len(c), LEAST) if _is_text(c) else cell_len(c) for c in column))
    return needed <= width


def _is_text(cell: str) -> bool:
    """What may go over several lines: several words, or what is longer than an id (Chinese has no spaces)."""
    return len(cell) > 64 or len(cell.split(maxsplit=1)) > 1


def _cell(value: Any, *, cut: bool) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}" if 1000 <= abs(value) < 1e12 else f"{value:.4g}"
    if isinstance(value, datetime) and cut:
        return str(value.replace(microsecond=0))
    text = str(value)
    if cut and ID.fullmatch(text):
        return text[:12]
    return text if len(text) <= 200 else text[:200] + "…"
