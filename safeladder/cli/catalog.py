"""`catalog`, `sql`, `trace` and `why`: ask the DuckDB catalog."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from safeladder.cli.console import JsonOption, StoreOption, emit, say

catalog = typer.Typer(no_args_is_help=True, help="Build the DuckDB catalog and look at its tables.")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("sql")(sql)
    app.command("trace")(trace)
    app.command("why")(why)
    app.add_typer(catalog, name="catalog")


@catalog.command("build")
def build(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Build the catalog from the store and swap it in; readers are never disturbed."""
    from catalog import Store, read_model
    from safeladder.settings import store_path

    emit([{"catalog": str(read_model.build(Store.existing(store_path(store))))}], as_json=as_json)
    say('next: safeladder sql "select stage, reason, count(*) n from rejections group by all order by n desc"')


@catalog.command("describe")
def describe(
    table: Annotated[str | None, typer.Argument(help="A table or view; all of them by default")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tables of the catalog, or the columns of one with what they mean."""
    from catalog import TABLES
    from catalog import describe as columns_of

    if table is None:
        emit(({"table": name, "columns": len(schema)} for name, schema in TABLES.items()), as_json=as_json)
        say('`rows` is a view over them: safeladder sql "describe rows"')
        return
    if table not in TABLES:
        raise LookupError(f"no table {table!r}; there are: {', '.join(TABLES)}")
    emit(({"column": name, "meaning": text} for name, text in columns_of(table).items()), as_json=as_json)


def sql(
    query: Annotated[str, typer.Argument(help="Any DuckDB query; the catalog is open read-only")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Query the catalog.

    Example: `safeladder sql "select source, split, count(*) n from rows group by all order by n desc"`.
    """
    import duckdb

    from catalog import read_model
    from safeladder.settings import store_path

    with read_model.connect(store_path(store)) as connection:
        try:
            cursor = connection.execute(query)
        except duckdb.Error as error:
            raise ValueError(str(error)) from None
        names = [column[0] for column in cursor.description or ()]
        emit((dict(zip(names, row, strict=True)) for row in cursor.fetchall()), as_json=as_json, columns=names)


def trace(
    sample: Annotated[str, typer.Argument(help="A sample id or its first characters")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow one row from source file and line to the releases, checkpoints and rewards that used it."""
    from catalog import lineage

    found, events = _asked(sample, store, lineage.trace)
    if as_json:
        emit(events, as_json=True)
        return
    print(f"sample {found}")
    for event in events:
        print(_line(event))


def why(
    sample: Annotated[str, typer.Argument(help="A sample id or its first characters")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why a row is not in the latest release."""
    from catalog import lineage

    found, reasons = _asked(sample, store, lineage.why)
    if as_json:
        emit(reasons, as_json=True)
    elif not reasons:
        print(f"{found} is in the latest release; follow it with `safeladder trace {found[:12]}`")
    else:
        print(f"sample {found}")
        for reason in reasons:
            print(_line(reason))


def _asked(
    sample: str, store: Path | None, question: Callable[[Any, str], list[dict[str, Any]]]
) -> tuple[str, list[dict[str, Any]]]:
    """The full id of a sample, and what the catalog of a store answers about it."""
    from catalog import lineage, read_model
    from safeladder.settings import store_path

    with read_model.connect(store_path(store)) as connection:
        found = lineage.find(connection, sample)
        return found, question(connection, found)


def _line(event: dict[str, Any]) -> str:
    parts = []
    for key, value in event.items():
        if key == "event" or value is None:
            continue
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        parts.append(f"{key}={text[:12] if key.endswith('_id') and key != 'source_id' else text}")
    return f"  {event['event']:<11}{'  '.join(parts)}"
