"""`source`: the descriptions of public sets that ship with the project."""

from typing import Annotated

import typer

from safeladder.cli.console import DataOption, JsonOption, emit, say

app = typer.Typer(no_args_is_help=True, help="Public sets: home, licence, tier, and how their files are read.")


@app.command("list")
def list_sources(data: DataOption = None, as_json: JsonOption = False) -> None:
    """All sources, and whether their files are under the data root."""
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
    say(f"data root: {root}")


@app.command("show")
def show(slug: Annotated[str, typer.Argument(help="Source slug")], as_json: JsonOption = False) -> None:
    """One source: home, licence, citation, notes."""
    from corpus import sources

    shown = sources.Source.load(slug).model_dump(mode="json", exclude={"files"}, exclude_none=True)
    if as_json:
        emit([shown], as_json=True)
        return
    for key, value in shown.items():
        print(f"{key:<14}{', '.join(map(str, value)) if isinstance(value, list) else value}")
