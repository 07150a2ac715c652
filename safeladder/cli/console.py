"""What every command shares: options, tables and JSON on standard output, errors and exit codes."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

StoreOption = Annotated[
    str | None, typer.Option("--store", help="Folder or URL of the store [default: $SAFELADDER_STORE or ./store]")
]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Local copies of public sets [default: $SAFELADDER_DATA or ./data]")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable output")]


class DidNotHold(Exception):
    """The command was asked rightly, but what it checks or needs did not hold: exit code 1."""


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on standard error; yields what is to be told (done, total, unit)."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(transient=True, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total, unit: bar.update(task, completed=done, total=total, description=f"{what} {unit}")


def say(line: str = "") -> None:
    """A line for people; on standard error, so that standard output stays what was asked for."""
    print(line, file=sys.stderr, flush=True)


def emit(rows: Iterable[Mapping[str, Any]], *, as_json: bool, columns: Sequence[str] | None = None) -> None:
    """Print rows: JSON lines for machines, a table for people."""
    listed = list(rows)
    if as_json:
        for row in listed:
            print(json.dumps(row, ensure_ascii=False, default=str))
        return
    if not listed:
        print("(no rows)")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    names = list(columns or listed[0])
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        numeric = all(isinstance(row.get(name), int | float | None) for row in listed)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        table.add_row(*(Text(_cell(row.get(name))) for name in names))
    # Cells are cut to fit a terminal; what is piped is read by people too, but has no width.
    Console(soft_wrap=False, width=None if sys.stdout.isatty() else 1000).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return text if len(text) <= 200 else text[:200] + "…"
