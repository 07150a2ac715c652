"""`source`: the descriptions of sets, shipped or of one's own: list, show, check, ingest."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from safeladder.cli.console import DataOption, DidNotHold, JsonOption, StoreOption, emit, say

app = typer.Typer(no_args_is_help=True, help="Sets: home, licence, tier, how their files are read; and reading them.")

Name = Annotated[str, typer.Argument(metavar="SLUG|FILE.yaml", help="A shipped source, or a description of your own")]
Names = Annotated[list[str], typer.Argument(metavar="SLUG|FILE.yaml...", help="Shipped sources or your own")]


@app.command("list")
def list_sources(data: DataOption = None, as_json: JsonOption = False) -> None:
    """All sources that ship with the project, and whether their files are under the data root.

    Example: `safeladder source list --data DIR`
    """
    from corpus import sources
    from safeladder.settings import data_root

    root = data_root(data)
    rows = []
    for slug in sources.available():
        source = sources.Source.load(slug)
        try:
            here = f"{len(sources.files(source, root))} files"
        except FileNotFoundError:
            here = "not here"
        rows.append(
            {"source": slug, "license": source.license, "tier": source.tier, "here": here, "title": source.title}
        )
    emit(rows, as_json=as_json)
    say(f"data root: {root}; next: safeladder source check SLUG")


@app.command("show")
def show(name: Name, as_json: JsonOption = False) -> None:
    """One source: home, licence, citation, notes, and how its files become rows.

    Example: `safeladder source show gptfuzz-responses`
    """
    import yaml

    from corpus import sources

    shown = sources.Source.load(name).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if as_json:
        emit([shown], as_json=True)
        return
    files = shown.pop("files")
    for key, value in shown.items():
        print(f"{key:<14}{', '.join(map(str, value)) if isinstance(value, list) else value}")
    print()
    print(yaml.safe_dump({"files": files}, allow_unicode=True, sort_keys=False, width=100), end="")


@app.command("check")
def check(
    name: Name,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop a file after about this many rows")] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a source without keeping anything: what each file gives, what is rejected and why. No text is shown.

    Exits 1 where a file cannot be read or gives no row at all, or where a category is not in the taxonomy.

    Examples: `safeladder source check gptfuzz-responses --limit 1000`; `safeladder source check my_source.yaml --json`.
    """
    from corpus import sources
    from safeladder.settings import data_root

    source = sources.Source.load(name)
    root = data_root(data)
    found = sources.check(source, root, limit=limit)
    if as_json:
        emit(found, as_json=True)
    else:
        print("\n".join(line for row in found for line in _lines(row)))
    problems = sources.unknown_categories(source) + [
        f"{row['file']}: {row['problem']}" for row in found if row["problem"]
    ]
    if problems:
        raise DidNotHold("\n".join(problems))
    say(f"next: safeladder source ingest {name} --data {root}")


def _lines(row: dict[str, Any]) -> Iterator[str]:
    kind = ", ".join(filter(None, (row["format"], row["encoding"])))
    yield f"{row['file']}  ({kind or 'not read'}): {row['records']:,} records, {row['rows']:,} rows"
    for name in ("labels", "rejected", "notes"):
        if row[name]:
            yield f"  {name:<10}" + ", ".join(f"{count:,} {what}" for what, count in row[name].items())
    if row["ids"]:
        yield f"  {'ids':<10}" + " ".join(name[:12] for name in row["ids"])


@app.command("ingest")
def ingest(
    names: Names,
    workers: Annotated[int, typer.Option(min=1, help="Processes; changes no result")] = 1,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Read files with failed records again")] = False,
    store: StoreOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read sources into the store, screened, and rebuild the catalog; a source that stands there already is reused.

    Example: `safeladder source ingest gptfuzz-responses my_source.yaml --data DIR --store store`
    """
    from catalog import Store
    from catalog.retry import attempts
    from safeladder.commands import RETRY
    from safeladder.execution import run_stages
    from safeladder.pipeline import ingest as reading
    from safeladder.settings import data_root, store_path

    where, root = store_path(store), data_root(data)
    chosen = reading.stages(names, root, workers=workers)  # before a store is made for nothing
    opened = Store(where)
    chain = attempts(opened, chosen, retry=retry_failed)
    command = ["safeladder", "source", "ingest", *names, "--store", str(where.absolute())]
    command += ["--data", str(root.absolute()), "--workers", str(workers)] + [RETRY] * retry_failed
    run_id = run_stages(opened, name="ingest", recipe={"sources": names}, chain=chain, command=command)
    ran = opened.read("stages")
    mine = ran.filter(ran["run_id"] == run_id).sort("position")
    emit(mine.select("stage", "rows_in", "rows_out", "rejected", "failed").to_dicts(), as_json=as_json)
    say(f'next: safeladder sql "select reason, count(*) from rejections group by all" --store {where}')
