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
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Do failed rows again, and every stage after them")
    ] = False,
    store: StoreOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a recipe from sources to verifier (and RL); finished stages are reused, a killed run resumes.

    A row on which a filter or verifier raises is counted as failed; the others go on. `safeladder status` shows it.

    Examples: `safeladder run examples/demo.yaml --plan`; `safeladder run examples/eight_sets.yaml --data DIR`.
    """
    from safeladder.execution import plan_recipe, run_recipe
    from safeladder.settings import data_root, store_path

    where, root = store_path(store), data_root(data)
    if plan:
        emit(plan_recipe(recipe, where, root), as_json=as_json)
        say(f"nothing was run; next: safeladder run {recipe} --store {where}")
        return
    done = run_recipe(recipe, where, root, workers=workers, retry_failed=retry_failed)
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
    """Stages of a run with their accounting: finished, running, killed, failed; and the command that goes on with it.

    Exits 1 unless the run is running, or finished with no row failed.

    Examples: `safeladder status`; `safeladder status 3f2a`.
    """
    from catalog import Store
    from safeladder.settings import store_path
    from safeladder.standing import standing

    where = store_path(store)
    found = standing(Store.existing(where), where, run)
    emit(found.stages if as_json else map(_short, found.stages), as_json=as_json)
    say(f"run {found.run_id[:12]} ({found.name}): {found.state}")
    if found.report:
        say(f"report {found.report}")
    for line in found.failed:
        say(line)
    if not found.holds:
        raise DidNotHold(f"the run is not whole; this goes on with it:\n{found.next}")


def _short(stage: dict[str, Any]) -> dict[str, Any]:
    """A stage as it fits a terminal of 80 columns."""
    return {
        "stage": stage["stage"],
        "id": stage["stage_id"][:8],
        "state": stage["state"],
        "in": stage["rows_in"],
        "out": stage["rows_out"],
        "rejected": stage["rejected"],
        "failed": stage["failed"],
        "made": stage["created"],
        "seconds": None if stage["seconds"] is None else round(stage["seconds"], 1),
    }
