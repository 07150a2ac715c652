"""`release` and `shards`: freeze labelled rows, and hand them to people who train."""

from pathlib import Path
from typing import Annotated

import typer

from safeladder.cli.console import JsonOption, StoreOption, emit, say

app = typer.Typer(no_args_is_help=True, help="Freeze labelled rows under a digest.")
shards = typer.Typer(
    no_args_is_help=True, help="A release as files for training: Parquet, or JSON lines with pictures beside them."
)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Name of the new release")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Freeze the rows of the latest finished run with all labels there are now, reviews included.

    Example: `safeladder annotate pull`, then `safeladder release create after-review`.
    """
    from safeladder.releasing import create_release
    from safeladder.settings import store_path

    where = store_path(store)
    emit([create_release(where, name)], as_json=as_json)
    say(f"next: safeladder shards pull {name} --to out/{name} --store {where}")


@app.command("list")
def list_releases(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """All releases, newest first.

    Example: `safeladder release list`.
    """
    from catalog import Store
    from safeladder.settings import store_path

    releases = Store.existing(store_path(store)).read("releases").sort("created_at", descending=True)
    emit(releases.iter_rows(named=True), as_json=as_json)


@app.command("show")
def show(
    name: Annotated[str | None, typer.Argument(help="Name or digest prefix; the newest by default")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Counts of one release by task, split, label and origin; its rows are checked against its digest.

    Example: `safeladder release show demo`.
    """
    from catalog import Store
    from catalog.releases import find_release, release_rows
    from safeladder.settings import store_path

    opened = Store.existing(store_path(store))
    found = find_release(opened, name)
    rows = release_rows(opened, found["release_id"])
    say(f"{found['name']}  {found['release_id']}  {rows.height:,} rows, digest checked")
    counts = (
        rows.group_by("task", "split", "label", "unsafe", "origin").len("rows").sort("task", "split", "label", "unsafe")
    )
    emit(counts.iter_rows(named=True), as_json=as_json)


@shards.command("list")
def shards_list(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Releases that can be pulled.

    Example: `safeladder shards list`.
    """
    list_releases(store, as_json)


@shards.command("pull")
def pull(
    name: Annotated[str | None, typer.Argument(help="Name or digest prefix; the newest by default")] = None,
    to: Annotated[Path, typer.Option(help="Folder for the shards")] = Path("out/shards"),
    format: Annotated[str, typer.Option(help="parquet, jsonl or chat")] = "parquet",
    grant: Annotated[str, typer.Option(help="open, or restricted to export restricted sources too")] = "open",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the shards of a release; rows of restricted sources stay back without `--grant restricted`.

    parquet: messages as parts, pictures inside; what `datasets` and TRL take.

    jsonl: messages as parts, pictures as files; for your own code, and for `source ingest` of another store.

    chat: messages as strings with `<image>` where a picture stands, pictures as files; what LLaMA-Factory and verl
    take. A row whose own text holds such a placeholder is left out and counted. TRL wants parts, not this.

    Example: `safeladder shards pull demo --to out/demo --format chat`.
    """
    from catalog import Store
    from catalog.exports import FORMATS
    from catalog.shards import export
    from safeladder.settings import store_path

    if grant not in ("open", "restricted"):
        raise ValueError(f"--grant {grant}: expected open or restricted")
    if format not in FORMATS:
        raise ValueError(f"--format {format}: expected {', '.join(FORMATS)}")
    manifest = export(Store.existing(store_path(store)), name, to, grant=grant, format=format)
    emit(({"file": file, **entry} for file, entry in manifest["files"].items()), as_json=as_json)
    left = {
        f"withheld for their tier (grant: {grant})": manifest["withheld"],
        "taken down since": manifest["taken_down"],
        "left out, since their own text holds a placeholder": manifest["unfit"],
    }
    say(", ".join([f"{manifest['rows']:,} rows", *(f"{count:,} {what}" for what, count in left.items() if count)]))
    say(f"next: safeladder shards verify {to}")


@shards.command("verify")
def verify(
    folder: Annotated[Path, typer.Argument(help="Folder with manifest.json")], as_json: JsonOption = False
) -> None:
    """Check every shard against the manifest, and that no other lies beside them.

    Example: `safeladder shards verify out/demo`.
    """
    from catalog.shards import check

    emit([check(folder)], as_json=as_json)
