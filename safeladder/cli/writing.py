"""`synth run`: write what a plan asks for."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from safeladder.cli.console import DidNotHold, JsonOption, StoreOption, emit, say
from safeladder.cli.transforms import SeedOption

if TYPE_CHECKING:
    from safeladder.costing import Part
    from safeladder.recipe import Recipe
    from synth.balance import Plan
    from synth.inference import Engine


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
    seed: SeedOption = 0,
    cost: Annotated[bool, typer.Option("--cost", help="Measure what it will take, and stop")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not stop where it will take more than half an hour")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask again what failed, and do every stage after it")
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write what a plan asks for, let judges label it, filter, deduplicate and release it; a killed run resumes.

    A few requests are measured first. If the whole will take more than half an hour it stops there, unless `--yes`; a
    run that has begun goes on.

    Examples: `safeladder synth run plan.yaml --url http://127.0.0.1:8000/v1 --model qwen --cost`;
    `safeladder synth run plan.yaml --serve --model google/gemma-3-270m --base`;
    `safeladder synth run lifts.yaml --parents demo`, which asks no model.
    """
    if cost and serve:
        raise ValueError(
            f"--cost measures a server that runs: start one with `safeladder models serve {model or 'MODEL'}`, and "
            "name it with --url instead of --serve"
        )
    from catalog import Store
    from safeladder import costing, generating
    from safeladder.execution import run_loaded
    from safeladder.settings import data_root, store_path

    recipe = generating.recipe_of(
        _read(plan),
        _engine(url, model, serve=serve, base=base, revision=revision, concurrency=concurrency),
        name=name,
        judges=judge or (),
        verifier=verifier,
        parents=parents,
        rollouts=rollouts,
        seed=seed,
    )
    where, data = store_path(store), data_root(None)
    if cost or not (yes or serve or generating.begun(recipe, Store(where), data)):
        parts = costing.cost(recipe, Store(where), kept=where / "work" / "answers" / "sample")
        whole = costing.total(parts)
        if cost:
            emit((part._asdict() for part in [*parts, whole]), as_json=as_json)
        _show(parts, whole)
        if cost:
            say("nothing was written; next: the same command without --cost")
            return
        if whole.hours and whole.hours > costing.LONG_H:
            raise DidNotHold("nothing was written, since it takes long; next: the same command with --yes")
    command = _command(recipe, plan, where, retry_failed=retry_failed)
    done = run_loaded(recipe, where, data, command=command, retry_failed=retry_failed)
    if as_json:
        emit(done.stages, as_json=True)
    for key, value in done.places.items():
        say(f"{key:<11}{value}")
    say("next       safeladder synth rates")


def _read(paths: Sequence[Path]) -> "Plan":
    """One plan out of several."""
    from synth.balance import Plan, read_plan

    for path in paths:
        if not path.is_file():
            raise ValueError(f"no plan at {path}; `safeladder synth plan --rows 200 --output plan.yaml` writes one")
    read = [read_plan(path) for path in paths]
    return Plan(rows=sum(one.rows for one in read), jobs=tuple(job for one in read for job in one.jobs))


def _engine(
    url: str | None, model: str | None, *, serve: bool, base: bool, revision: str | None, concurrency: int
) -> "Engine | None":
    import os

    from safeladder.generating import checked
    from synth.inference import Endpoint, Workers

    if model is None and not (url or serve or base or revision):
        return None
    if model is None:
        raise ValueError("--model is missing: the name that the endpoint knows, or with --serve what vLLM is to load")
    common: dict[str, Any] = {
        "model": model,
        "style": "completion" if base else "chat",
        "revision": revision,
        "concurrency": concurrency,
    }
    if serve:
        folder = Path(model)  # named in full, so that the run goes on from any folder
        return checked(Workers, common | ({"model": str(folder.absolute())} if folder.is_dir() else {}))
    url = url or os.environ.get("OPENAI_BASE_URL")
    if url is None:
        raise ValueError(
            "there is nobody to ask: name an endpoint with --url, or start vLLM with --serve (or in another terminal "
            f"with `safeladder models serve {model}`)"
        )
    return checked(Endpoint, common | {"url": url})


def _show(parts: "Sequence[Part]", whole: "Part") -> None:
    if whole.known == "measured" and not whole.requests:
        say("no model is asked: nothing needs to be measured")
        return
    about = "about" if whole.known == "measured" else whole.known
    judges = sum(part.requests or 0 for part in parts if part.stage.startswith("judge:"))
    say(
        f"{(whole.requests or 0) - judges:,} requests + {judges:,} of judges, {about} {whole.prompt_tokens:,} tokens "
        f"read and {whole.tokens:,} written: {whole.hours:.1f} hours"
    )
    if unknown := [part.stage for part in parts if part.known == "unknown"]:
        say(f"and more, which could not be tried: {', '.join(unknown)}")


def _command(recipe: "Recipe", plans: Sequence[Path], store: Path, *, retry_failed: bool) -> list[str]:
    """The words that go on with the run from any folder and without the environment; a key is never among them."""
    from safeladder.commands import RETRY
    from synth.inference import Endpoint

    config = recipe.generate
    assert config is not None
    writer = config.writer
    options: list[tuple[str, Any]] = [
        ("--url", writer.url if isinstance(writer, Endpoint) else None),
        ("--model", writer and writer.model),
        ("--revision", writer and writer.revision),
        *(("--judge", judge.name) for judge in config.judges),
        ("--verifier", config.verifier),
        ("--parents", config.parents),
        ("--rollouts", config.rollouts),
        ("--name", recipe.name),
        ("--concurrency", writer and writer.concurrency),
        ("--seed", recipe.seed),
        ("--store", store.absolute()),
    ]
    words = ["safeladder", "synth", "run", *(str(path.absolute()) for path in plans)]
    words += [word for flag, value in options if value is not None for word in (flag, str(value))]
    if writer:
        words += ["--serve"] * (not isinstance(writer, Endpoint)) + ["--base"] * (writer.style == "completion")
    return [*words, "--yes"] + [RETRY] * retry_failed
