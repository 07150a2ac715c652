"""`synth`: plan what to write, write it, and see what became of it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from safeladder.cli import transforms, writing
from safeladder.cli.console import JsonOption, StoreOption, emit, progress, say

app = typer.Typer(no_args_is_help=True, help="Rows and pictures that are made: plan, write, judge, transform, draw.")


@app.command("plan")
def plan(
    rows: Annotated[int, typer.Option(min=0, help="Rows to be kept in the end; 0 shows the holes alone")] = 0,
    output: Annotated[Path | None, typer.Option(help="Write the plan here, for `synth run`")] = None,
    targets: Annotated[Path | None, typer.Option(help="YAML with targets of your own, see docs/balance.md")] = None,
    release: Annotated[str | None, typer.Option(help="Count this release [default: all that runs kept]")] = None,
    generator: Annotated[list[str] | None, typer.Option(help="Plan with these generators alone")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw targets and what is there, as SVG")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where the corpus has holes, by taxonomy, language, modality and label, and plan what to write next.

    Examples: `safeladder synth plan`; `safeladder synth plan --rows 2000 --output plan.yaml --picture holes.svg`.
    """
    from catalog import configuration, read_model
    from safeladder.recipe import from_rows
    from safeladder.settings import store_path
    from synth import balance
    from synth.generators import GENERATORS

    where = store_path(store)
    if targets and not targets.is_file():
        raise ValueError(f"no targets at {targets}; docs/balance.md shows what such a file holds")
    aims = configuration.read(targets, balance.Targets) if targets else balance.Targets()
    with read_model.connect(where) as catalog:
        there = balance.members(catalog, release=release, languages=where / "work" / "languages.parquet")
        wrong = balance.share_wrong(balance.rollouts(catalog))
        cells = balance.count(balance.worth_counting(there, aims, wrong=wrong))
        measured = balance.measured_yields(catalog)
    if picture:
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_text(balance.heat_map(cells, aims), encoding="utf-8")
        say(f"picture    {picture}")
    if not rows:
        _show_holes(cells, aims, as_json=as_json)
        say("next       safeladder synth plan --rows 200 --output plan.yaml")
        return
    jobs = balance.plan(cells, aims, rows=rows, measured=measured, generators=generator or None)
    if output:
        balance.write_plan(jobs, output)
    by = ["generator", "task", "language", "modality", "label"]
    short = jobs.select(*by, "rows", "requests").group_by(by, maintain_order=True).sum()
    emit((jobs if as_json else short).iter_rows(named=True), as_json=as_json)
    say(f"{jobs['rows'].sum():,} rows from {jobs['requests'].sum():,} requests in {jobs.height:,} cells")
    if not output:
        say("next       the same command with --output plan.yaml")
        return
    parents = " --parents RELEASE" if from_rows(balance.Plan.of(jobs).jobs) else ""
    whom = " --url http://HOST:PORT/v1 --model NAME" if set(jobs["generator"]) & set(GENERATORS) else ""
    say(f"next       safeladder synth run {output}{whom}{parents}")


def _show_holes(cells: Any, aims: Any, *, as_json: bool) -> None:
    from synth import balance

    if as_json:
        emit(balance.holes(cells, aims).iter_rows(named=True), as_json=True)
        return
    from rich.console import Console

    Console().print(balance.summary(cells, aims))


app.command("run")(writing.run)


@app.command("rates")
def rates(
    run: Annotated[str | None, typer.Argument(help="Run id or its first characters; the latest by default")] = None,
    novelty: Annotated[bool, typer.Option("--novelty", help="Measure how new the rows are: embeds them")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """What became of each generator's requests: parsed, judged, duplicate, kept, and tokens per kept row.

    Example: `safeladder synth rates`.
    """
    from catalog import Store
    from safeladder.rates import rates as measured
    from safeladder.settings import store_path

    where = store_path(store)
    with progress("embedding") as tick:
        folder = where / "work" / "vectors" if novelty else None
        found = measured(
            Store.existing(where), run, novelty=folder, tick=lambda done, total: tick(done, total, "texts")
        )
    emit(found, as_json=as_json)


@app.command("generators")
def generators(as_json: JsonOption = False) -> None:
    """Every generator: what it makes, what it needs, its version.

    Example: `safeladder synth generators`.
    """
    from synth.generators import table

    emit(table(), as_json=as_json)


@app.command("judges")
def judges(as_json: JsonOption = False) -> None:
    """Every judge: what it is asked, and whether it asks a model.

    Example: `safeladder synth judges`.
    """
    from synth.judges import JUDGES, Rule

    rows = (
        {
            "judge": f"{one.name}@{one.version}",
            "task": one.task,
            "asks": "nobody" if isinstance(one, Rule) else "a model",
        }
        for one in JUDGES.values()
    )
    emit(rows, as_json=as_json)


transforms.register(app)
