"""`run` and `status`: a whole recipe, and how far runs have come."""

from pathlib import Path
from typing import Annotated, Any

import typer

from safeladder.cli.console import DataOption, DidNotHold, JsonOption, StoreOption, emit, say


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("run")(run)
    app.command("status")(status)


def run(
    recipe: Annotated[Path, typer.Argument(help="A recipe, for example examples/demo.yaml")],
    plan: Annotated[bool, typer.Option("--plan", help="Show the stages and stop")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes; changes no result")] = 1,
    store: StoreOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a recipe from sources to verifier (and RL); finished stages are reused, a killed run resumes.

    Examples: `safeladder run examples/demo.yaml --plan`; `safeladder run examples/eight_sets.yaml --data DIR`.
    """
    from safeladder.execution import plan_recipe, run_recipe
    from safeladder.settings import data_root, store_path

    where, root = store_path(store), data_root(data)
    if plan:
        emit(plan_recipe(recipe, where, root), as_json=as_json)
        say(f"nothing was run; next: safeladder run {recipe} --store {where}")
        return
    done = run_recipe(recipe, where, root, workers=workers)
    if as_json:
        emit(done.stages, as_json=True)
    for name, value in done.places.items():
        say(f"{name:<11}{value}")
    say('next       safeladder trace ID, with an id from: safeladder sql "select sample_id, source, split from rows"')


def status(
    run: Annotated[str | None, typer.Argument(help="Run id or its first characters; the latest by default")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stages of a run: finished, running, failed; and the command that goes on with it."""
    from catalog import Store
    from catalog.runs import only_run
    from safeladder.settings import store_path

    where = store_path(store)
    opened = Store.existing(where)
    runs = opened.read("runs").sort("started_at", descending=True)
    found = runs.filter(runs["run_id"].str.starts_with(run)) if run else runs
    if found.is_empty():
        raise LookupError(f"no run {run or ''} in {where}; start one with `safeladder run RECIPE`")
    row = found.row(0, named=True)
    stages = opened.read("stages")
    mine = stages.filter(stages["run_id"] == row["run_id"]).sort("position").drop("run_id", "position")
    rows: list[dict[str, Any]] = [{**stage, "stage_id": stage["stage_id"][:12]} for stage in mine.iter_rows(named=True)]
    emit(rows, as_json=as_json)
    state = row["state"]
    if state == "running":
        try:
            with only_run(opened):
                state = "killed"  # nobody holds the lock that a running run holds
        except RuntimeError:
            pass
    say(f"run {row['run_id'][:12]} ({row['name']}): {state}")
    if state not in ("finished", "running"):
        raise DidNotHold(f"the run was {state}; the same command goes on with the first stage that is not finished")
