"""Run a recipe, or a few stages of one, in a store: plan, progress, accounting lines, catalog and report."""

import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from catalog import Accounting, Stage, Store, attempts, execute, fingerprints, id_of, place, plan, read_model, shards
from safeladder.commands import RETRY, remember
from safeladder.pipeline import ingest, stages
from safeladder.pipeline.verify import CHECKPOINTS, trained_by
from safeladder.recipe import Recipe, load
from safeladder.report import write_report
from synth.inference import kept_servers

UNSURE = 0.25


@dataclass(frozen=True)
class Done:
    """A finished run: its stages as the catalog has them, and where its results lie."""

    stages: list[dict[str, Any]]
    places: dict[str, str]


def plan_recipe(path: Path, store: Path, data: Path) -> list[dict[str, Any]]:
    """What a run would do: each stage with its fingerprint, and whether it is there already."""
    recipe = load(path)
    with tempfile.TemporaryDirectory() as nothing:  # a plan must not make the store
        opened = Store(store if place.exists(store) else nothing)
        return [
            {"stage": stage.name, "state": "reused" if done else "new", "stage_id": stage_id[:12]}
            for stage, stage_id, done in plan(opened, attempts(opened, stages(recipe, opened, data)))
        ]


def run_recipe(path: Path, store: Path, data: Path, *, workers: int = 1, retry_failed: bool = False) -> Done:
    """Run a recipe to its end: every stage, then the catalog, the shards and the report.

    Args:
        path: The recipe.
        store: Made where there is none.
        data: Root of the local copies of public sets.
        workers: Processes; they change no result.
        retry_failed: Do the rows again that failed in stages of an earlier run, and everything after those stages.

    Raises:
        RuntimeError: If a stage fails; what was finished is kept and used by the same command.
    """
    command = ["safeladder", "run", str(path.absolute()), "--store", str(store.absolute())]
    command += ["--data", str(data.absolute()), "--workers", str(workers)] + [RETRY] * retry_failed
    return run_loaded(load(path), store, data, command=command, workers=workers, retry_failed=retry_failed)


def run_loaded(
    recipe: Recipe,
    store: Path,
    data: Path,
    *,
    command: Sequence[str],
    workers: int = 1,
    retry_failed: bool = False,
) -> Done:
    """As `run_recipe`, of a recipe that lies in no file; `command` is what goes on with it."""
    ingest.found(recipe.sources, data)  # before a store is made for nothing
    opened = Store(store)
    chain = attempts(opened, stages(recipe, opened, data, workers=workers), retry=retry_failed)
    run_id = run_stages(opened, name=recipe.name, recipe=recipe.model_dump(mode="json"), chain=chain, command=command)
    outputs = fingerprints(chain)
    folder = store / "runs" / run_id[:12]
    release_id = str(opened.read("release_rows", batch_id=outputs["release"])["release_id"].first())
    shards.export(opened, release_id, folder / "shards")
    made = {
        kind: trained_by(opened, outputs[stage])
        for stage, kind in (("verifier", "verifier"), ("rl", "policy"))
        if stage in outputs
    }
    report = write_report(store, run_id, folder, release_id=release_id, **made)
    places = {
        "report": str(report),
        "catalog": str(store / read_model.FILE),
        "shards": str(folder / "shards"),
        **{kind: str(store / CHECKPOINTS / checkpoint_id) for kind, checkpoint_id in made.items()},
    }
    if "policy" in made:
        places["rl curves"] = str(store / CHECKPOINTS / made["policy"] / "curves.svg")
    if "verifier" in made:
        certain = opened.read("verdicts", batch_id=outputs["score"])["p_unsafe"].drop_nulls()
        unsure = int(((certain - 0.5).abs() < UNSURE).sum())
        places["to review"] = f"{unsure} rows with P(unsafe) within {UNSURE} of 0.5: safeladder annotate up"
    ran = opened.read("stages")
    mine = ran.filter(ran["run_id"] == run_id).sort("position").drop("run_id", "position")
    return Done(mine.to_dicts(), places)


def run_stages(
    store: Store, *, name: str, recipe: Mapping[str, Any], chain: Sequence[Stage], command: Sequence[str] = ()
) -> str:
    """Execute stages under a progress bar, one accounting line each, and rebuild the catalog.

    Args:
        store: Where everything goes.
        name: Name of the run.
        recipe: What it was made from, as plain data.
        chain: The stages.
        command: The words that start it, kept beside the run for `safeladder status`.

    Returns:
        The run id.
    """
    logging.getLogger("transformers").setLevel(logging.ERROR)
    if command:
        remember(store.path, id_of(recipe, chain), command)
    console = Console(stderr=True)  # standard output is for what was asked for
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<28}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TimeElapsedColumn(),
        transient=True,
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("", total=None, unit="")

        def begin(stage: str, reused: bool) -> None:
            progress.reset(task, total=None, description=stage, unit="reused" if reused else "")

        def tick(done: int, total: int, unit: str) -> None:
            progress.update(task, completed=done, total=total or None, unit=unit)

        def end(stage: str, numbers: Accounting, seconds: float) -> None:
            progress.console.print(accounting_line(stage, numbers, seconds), highlight=False, soft_wrap=True)

        with kept_servers():
            run_id = execute(store, name=name, recipe=recipe, stages=chain, tick=tick, begin=begin, end=end)
        begin("catalog", False)
        read_model.build(store)
    return run_id


def accounting_line(stage: str, numbers: Accounting, seconds: float) -> str:
    """One line per stage: what came in, and what became of it."""
    made = f" + {numbers.created:,} made" if numbers.created else ""
    return (
        f"{stage:<28}{numbers.rows_in:>8,} in = {numbers.rows_out:>7,} out + {numbers.rejected:>6,} rejected"
        f" + {numbers.failed:,} failed{made}  ({seconds:.1f} s)"
    )
