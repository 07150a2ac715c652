"""`catalog init|verify|gc|backup|restore`: make a store, keep it whole, copy it."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from safeladder.cli.catalog import catalog
from safeladder.cli.console import DidNotHold, JsonOption, StoreOption, emit, progress, say

GRACE_HOURS = 24
NAME = 17  # characters of a backup's name that tell its second


def register() -> None:
    """Add the commands of this file to `catalog`."""
    for command in (init, verify, gc, backup, restore):
        catalog.command(command.__name__)(command)


def init(
    files: Annotated[str | None, typer.Option(help="URL for segments and media, such as s3://bucket/prefix")] = None,
    ledger: Annotated[str | None, typer.Option(help="URL of the ledger, postgresql+psycopg://user@host/name")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an empty store; files and ledger may be kept elsewhere and shared by many hosts.

    Example: `safeladder catalog init --store store --files s3://bucket/safety --ledger postgresql+psycopg://me@db/safety`.
    Passwords belong into `~/.pgpass`, keys into the environment or `~/.aws`: neither is written to the store.
    """
    from catalog import Store, place
    from safeladder.settings import store_path

    where = store_path(store)
    if files or ledger:
        place.settle(where, files=files, ledger=ledger)
    opened = Store(where)
    emit([{"store": str(where), "files": str(opened.files), "commits": opened.head()}], as_json=as_json)
    say(
        f"next: safeladder run examples/demo.yaml --store {where}, or safeladder catalog restore BACKUP --store {where}"
    )


def verify(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Read everything that the ledger lists and every row of the catalog; exit 1 where something is missing or changed.

    Files that nothing lists are not an error: a killed process leaves them, and `safeladder catalog gc` collects them.

    Example: `safeladder catalog verify --store store`.
    """
    from catalog import Store, maintenance, read_model
    from safeladder.settings import store_path

    opened = Store.existing(store_path(store))
    with progress("verify") as tick:
        problems = maintenance.verify(opened, tick=tick)
    if problems or not (opened.path / read_model.FILE).exists():
        emit(({"problem": problem} for problem in problems), as_json=as_json)
    else:
        accounts = read_model.verify(opened)
        problems = [f"catalog, {account['table']}: {account['problem']}" for account in accounts if account["problem"]]
        emit(accounts, as_json=as_json)
    unlisted = maintenance.orphans(opened, older_than=timedelta(0))
    if unlisted:
        say(f"{len(unlisted)} files, {_megabytes(unlisted):.1f} MB, that nothing lists (yet): safeladder catalog gc")
    if problems:
        raise DidNotHold(f"{len(problems)} problems; what to do: docs/stores.md, `When something is damaged`")
    if not opened.head():
        say("the store is empty")
        return
    say("everything that the ledger lists is there, byte for byte")


def gc(
    delete: Annotated[bool, typer.Option("--delete", help="Delete them; without it they are only listed")] = False,
    hours: Annotated[
        float, typer.Option(min=0, help="Leave younger files alone: a commit may be under way")
    ] = GRACE_HOURS,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the files that no commit lists, as a killed process leaves them, and delete them if told to.

    Example: `safeladder catalog gc`, and then `safeladder catalog gc --delete`.
    """
    from catalog import Store, maintenance
    from safeladder.settings import store_path

    opened = Store.existing(store_path(store))
    age = timedelta(hours=hours)
    found = maintenance.collect(opened, older_than=age) if delete else maintenance.orphans(opened, older_than=age)
    emit(({"file": e.name, "bytes": e.size, "written": e.written} for e in found), as_json=as_json)
    done = "deleted" if delete else "nothing was deleted; next: safeladder catalog gc --delete"
    say(f"{len(found)} files, {_megabytes(found):.1f} MB: {done}" if found else "nothing to collect")


def _megabytes(entries: list) -> float:  # type: ignore[type-arg]
    return sum(entry.size for entry in entries) / 1e6


def backup(
    to: Annotated[str, typer.Argument(help="Folder or URL; a second backup there copies only what is new")],
    listed: Annotated[bool, typer.Option("--list", help="Only list the backups that are there, oldest first")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the whole store as it is now: ledger, segments, media and checkpoints. Writers may go on meanwhile.

    Examples: `safeladder catalog backup s3://bucket/backups`; `safeladder catalog backup s3://bucket/backups --list`.
    """
    from catalog import Store
    from catalog.backup import backup as copy
    from catalog.backup import backups
    from safeladder.settings import store_path

    if listed:
        emit(({"backup": name[:NAME]} for name in backups(to)), as_json=as_json)
        return
    with progress("backup") as tick:
        made = copy(Store.existing(store_path(store)), to, tick=tick)
    emit([made | {"backup": made["backup"][:NAME]}], as_json=as_json)
    say(f"next: safeladder catalog restore {to} --store ANOTHER, now and then, to know that it can be done")


def restore(
    of: Annotated[str, typer.Argument(help="Folder or URL that holds backups")],
    name: Annotated[str | None, typer.Option(help="Which one, by how its name begins [default: the newest]")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a store from a backup, every file checked against its digest, and build its catalog.

    Example: `safeladder catalog restore s3://bucket/backups --store restored`. To restore to S3 or PostgreSQL, run
    `safeladder catalog init` with their URLs first.
    """
    from catalog import read_model
    from catalog.backup import restore as fill
    from safeladder.settings import store_path

    where = store_path(store)
    with progress("restore") as tick:
        restored = fill(of, Path(where), name=name, tick=tick)
    built = read_model.build(restored)
    emit([{"store": str(where), "commits": restored.head(), "catalog": str(built)}], as_json=as_json)
    say(f"next: safeladder catalog verify --store {where}")
