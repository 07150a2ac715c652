"""`signals` and `curate`: measure the rows of a release, and choose a set from them by quotas."""

from pathlib import Path
from typing import Annotated

import typer

from safeladder.cli.console import JsonOption, StoreOption, emit, progress, say


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("signals")(signals)
    app.command("curate")(curate)


def signals(
    release: Annotated[str | None, typer.Option(help="Name or digest of a release; the newest by default")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how crowded, hard and doubtful the rows of a release are and how their replies read, and draw a map.

    Texts are embedded once and kept, 10 to 60 a second on two cores. How many rows each signal is known of is shown.

    Example: `safeladder signals --release demo`.
    """
    from safeladder.measuring import measure
    from safeladder.settings import store_path

    where = store_path(store)
    with progress("embedding") as tick:
        found = measure(where, release, tick=lambda done, total: tick(done, total, "texts"))
    emit([found], as_json=as_json)
    say('next: safeladder sql "from signals order by label_noise desc nulls last limit 20"')


def curate(
    selection: Annotated[Path, typer.Argument(help="YAML: condition, quotas and order; docs/curation.md explains")],
    name: Annotated[str | None, typer.Option(help="Name of the new release; the name of the file by default")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would be chosen, and write nothing")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose rows of a release by quotas of cells, and freeze them as a release of their own.

    What a cell lacks is shown as `short`; no other cell fills it.

    Examples: `safeladder curate examples/curate.yaml --plan`; `safeladder curate examples/curate.yaml --name balanced`.
    """
    if not selection.is_file():
        raise ValueError(f"no selection at {selection}; docs/curation.md shows what such a file holds")
    from safeladder.settings import store_path

    where = store_path(store)
    from catalog.releases import checked_name
    from corpus.curate import read_selection
    from safeladder import curating

    asked = read_selection(selection)
    release = name or selection.stem
    if not plan:
        checked_name(release)  # before minutes are spent
    with progress("embedding") as tick:
        planned = curating.plan(where, asked, tick=lambda done, total: tick(done, total, "texts"))
    cells = planned.report.filter(planned.report["wanted"] > 0)
    emit(cells.iter_rows(named=True), as_json=as_json)
    wanted, chosen, short = (int(cells[column].sum()) for column in ("wanted", "chosen", "short"))
    left_out = planned.report.height - cells.height
    say(
        f"{chosen:,} of {wanted:,} rows from release {planned.release['name']}, {short:,} short in "
        f"{cells.filter(cells['short'] > 0).height} of {cells.height} cells; nothing is wanted of {left_out} others"
    )
    if plan:
        say("nothing was written; next: the same command without --plan")
        return
    frozen = curating.freeze(where, planned, asked, name=release)
    if as_json:
        emit([frozen], as_json=True)
    say(f"release    {frozen['release']} ({frozen['release_id'][:12]}), {frozen['rows']:,} rows")
    say(f"next       safeladder shards pull {frozen['release']} --to out/{frozen['release']} --store {where}")
