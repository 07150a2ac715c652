"""`synth`: plan what to write, write it, and see what became of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from safeladder.cli import transforms
from safeladder.cli.console import JsonOption, StoreOption, emit, progress, say

if TYPE_CHECKING:
    from synth.inference import Engine

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
    from safeladder.settings import store_path
    from synth import balance

    where = store_path(store)
    aims = configuration.read(targets, balance.Targets) if targets else balance.Targets()
    with read_model.connect(where) as catalog:
        there = balance.members(catalog, release=release, languages=where / "work" / "languages.parquet")
        wrong = balance.share_wrong(balance.rollouts(catalog))
        cells = balance.count(balance.worth_counting(there, aims, wrong=wrong))
        measured = balance.measured_yields(catalog)
    if picture:
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
    say(f"next       safeladder synth run {output or 'plan.yaml'} --url http://HOST:PORT/v1 --model NAME")


def _show_holes(cells: Any, aims: Any, *, as_json: bool) -> None:
    from synth import balance

    if as_json:
        emit(balance.holes(cells, aims).iter_rows(named=True), as_json=True)
        return
    from rich.console import Console

    Console().print(balance.summary(cells, aims))


@app.command("run")
def run(
    plan: Annotated[list[Path], typer.Argument(help="Plans, as `synth plan --output` writes them; several run as one")],
    url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint [default: $OPENAI_BASE_URL]")] = None,
    model: Annotated[str | None, typer.Option(help="Name the endpoint knows; with --serve what vLLM loads")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Start vLLM for the model, and end it afterwards")] = False,
    base: Annotated[
        bool, typer.Option("--base", help="The model has no chat template: it goes on from examples")
    ] = False,
    revision: Annotated[str | None, typer.Option(help="Which weights; other ones begin anew")] = None,
    judge: Annotated[list[str] | None, typer.Option(help="Judges, see `synth judges`; a usual set by default")] = None,
    verifier: Annotated[str | None, typer.Option(help="A verifier of the store that judges too")] = None,
    parents: Annotated[str | None, typer.Option(help="Release whose rows may be gone on from")] = None,
    rollouts: Annotated[int, typer.Option(min=1, help="Replies of a policy to one request")] = 1,
    name: Annotated[str, typer.Option(help="Name of the run and of its release")] = "generated",
    concurrency: Annotated[int, typer.Option(min=1, help="Requests in flight")] = 64,
    seed: transforms.SeedOption = 0,
    cost: Annotated[bool, typer.Option("--cost", help="Measure what it will take, and stop")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not stop where it will take more than half an hour")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write what a plan asks for, let judges label it, filter, deduplicate and release it; a killed run resumes.

    A few requests are measured first. If the whole will take more than half an hour it stops there, unless `--yes`.

    Examples: `safeladder synth run plan.yaml --url http://127.0.0.1:8000/v1 --model qwen --cost`;
    `safeladder synth run plan.yaml --serve --model google/gemma-3-270m --base`.
    """
    import sys

    from safeladder import generating
    from safeladder.execution import run_loaded
    from safeladder.settings import data_root, store_path
    from synth.balance import Plan, read_plan

    read = [read_plan(path) for path in plan]
    writer = _engine(url, model, serve=serve, base=base, revision=revision, concurrency=concurrency)
    recipe = generating.recipe_of(
        Plan(rows=sum(one.rows for one in read), jobs=tuple(job for one in read for job in one.jobs)),
        writer,
        name=name,
        judges=judge or generating.JUDGED_BY,
        verifier=verifier,
        parents=parents,
        rollouts=rollouts,
        seed=seed,
    )
    where = store_path(store)
    if (cost or not yes) and not serve:
        found = generating.cost(recipe)
        if found:
            say(
                f"{found.requests:,} requests + {found.judge_requests:,} of judges, about {found.tokens:,} tokens at "
                f"{found.tokens_per_s:,.0f} tokens/s: {found.hours:.1f} hours"
            )
        if cost or (found and found.hours > generating.LONG_H and not yes):
            emit([found._asdict()] if found else [], as_json=as_json)
            say("nothing was written; next: the same command with --yes")
            return
    absolute = {str(path): str(path.absolute()) for path in plan}
    words = [absolute.get(word, word) for word in sys.argv[1:]]
    command = ["safeladder", *words] + ["--yes"] * (not yes)
    done = run_loaded(recipe, where, data_root(None), command=command)
    if as_json:
        emit(done.stages, as_json=True)
    for key, value in done.places.items():
        say(f"{key:<11}{value}")
    say("next       safeladder synth rates")


def _engine(
    url: str | None, model: str | None, *, serve: bool, base: bool, revision: str | None, concurrency: int
) -> "Engine":
    import os

    from synth.inference import Endpoint, Workers

    if model is None:
        raise ValueError("--model is missing: the name that the endpoint knows, or with --serve what vLLM is to load")
    common: dict[str, Any] = {
        "model": model,
        "style": "completion" if base else "chat",
        "revision": revision,
        "concurrency": concurrency,
    }
    if serve:
        return Workers(**common)
    url = url or os.environ.get("OPENAI_BASE_URL")
    if url is None:
        raise ValueError(
            "there is nobody to ask: name an endpoint with --url, or start vLLM with --serve (or in another terminal "
            f"with `safeladder models serve {model}`)"
        )
    return Endpoint(url=url, **common)


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
