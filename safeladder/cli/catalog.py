"""`catalog` and `sql`: build the DuckDB catalog, look at its tables, ask it."""

import sys
from typing import Annotated

import typer

from safeladder.cli import follow
from safeladder.cli.console import DidNotHold, JsonOption, StoreOption, emit, say

catalog = typer.Typer(no_args_is_help=True, help="Build the DuckDB catalog, look at its tables, keep the store whole.")

AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="Show the catalog as it was: a commit number, an ISO time or a release")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file and of `follow`."""
    # A query may begin with a comment, which looks like an option.
    app.command("sql", context_settings={"ignore_unknown_options": True})(sql)
    follow.register(app)
    app.add_typer(catalog, name="catalog")


@catalog.command("build")
def build(
    full: Annotated[bool, typer.Option("--full", help="Read every segment anew, not only the new ones")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the catalog up to date with the store and swap it in; readers are never disturbed.

    Example: `safeladder catalog build`.
    """
    from catalog import Store, read_model
    from safeladder.settings import store_path

    emit([{"catalog": str(read_model.build(Store.existing(store_path(store)), full=full))}], as_json=as_json)
    say('next: safeladder sql "select stage, reason, count(*) n from rejections group by all order by n desc"')


@catalog.command("describe")
def describe(
    name: Annotated[str | None, typer.Argument(help="A table or view; all of them by default")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tables and views of the catalog, or the columns of one, with what they mean.

    Examples: `safeladder catalog describe`; `safeladder catalog describe rows`.
    """
    from catalog import read_model

    relations = read_model.relations()
    if name is None:
        emit(
            (
                {"name": r.name, "kind": r.kind, "columns": len(r.columns), "meaning": r.about}
                for r in relations.values()
            ),
            as_json=as_json,
        )
        say("next: safeladder catalog describe rows")
        return
    if name not in relations:
        raise LookupError(f"no table or view {name!r}; there are: {', '.join(relations)}")
    emit(({"column": column, "meaning": text} for column, text in relations[name].columns.items()), as_json=as_json)


@catalog.command("shell")
def shell(store: StoreOption = None, as_of: AsOfOption = None) -> None:
    """Ask one query after another: the `duckdb` program where it is installed, else a prompt of our own.

    Read-only, and shut off from other files, the network and extensions. Queries may also be piped in.

    Examples: `safeladder catalog shell`; `safeladder catalog shell --as-of demo`.
    """
    from safeladder.cli.shell import open_shell
    from safeladder.settings import store_path

    if failed := open_shell(store_path(store), as_of=as_of):
        raise DidNotHold(f"{failed} of the queries failed")


def sql(
    query: Annotated[str, typer.Argument(help="Any DuckDB query; - reads it from standard input")],
    store: StoreOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Query the catalog: read-only, shut off from other files, the network and extensions.

    On a terminal the first 100 rows are shown; `--json`, a pipe or a file gets all of them.

    Example: `safeladder sql "select source, split, count(*) n from rows group by all order by n desc"`.
    """
    from catalog import read_model
    from safeladder.cli.shell import answer
    from safeladder.settings import store_path

    text = sys.stdin.read() if query == "-" else query
    with read_model.connect(store_path(store), as_of=as_of, sandbox=True) as connection:
        if not answer(connection, text, as_json=as_json, all_rows=as_json or not sys.stdout.isatty()):
            raise ValueError('no query; for example safeladder sql "from releases"')
