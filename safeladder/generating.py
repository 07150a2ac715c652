"""From a plan to a recipe that writes it, and what that will cost."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

import catalog
from catalog import Store, attempts, configuration, digest
from catalog.files import LocalFiles
from safeladder.pipeline import stages
from safeladder.recipe import Config, Recipe
from synth import fill
from synth.balance import Plan
from synth.generators import GENERATORS
from synth.inference import Engine, Estimate, Request, estimate
from synth.inference.executors import HERE, Executor
from synth.judges import JUDGES, Rule

JUDGED_BY = ("illogical", "refusal", "safety_label", "unsafe_tokens", "value_tokens", "knowledge_tokens")
LONG_H = 0.5  # hours from which a run is asked for twice


class Cost(NamedTuple):
    """What a run will take, measured on a part of it; the judges' requests come on top, most of one token each."""

    requests: int
    judge_requests: int
    tokens: int
    tokens_per_s: float
    hours: float


def recipe_of(
    plan: Plan,
    writer: Engine,
    *,
    name: str,
    judges: Sequence[str] = JUDGED_BY,
    verifier: str | None = None,
    parents: str | None = None,
    rollouts: int = 1,
    seed: int = 0,
    executor: Executor = HERE,
) -> Recipe:
    """The recipe that writes what a plan asks for, and judges, filters and releases it.

    Args:
        plan: What to write.
        writer: Who writes, and answers the judges.
        name: Name of the run and of its release.
        judges: Keys of `synth.judges.JUDGES`.
        verifier: A verifier of the store that judges too, by the beginning of its id.
        parents: Release whose rows may be gone on from.
        rollouts: Replies of a policy to one request.
        seed: Decides all that is drawn.
        executor: Where the workers run.
    """
    config = {
        "jobs": plan.jobs,
        "writer": writer,
        "judges": [{"name": judge} for judge in judges],
        "verifier": verifier,
        "parents": parents,
        "rollouts": rollouts,
        "executor": executor,
    }
    # A variant of a generated row would rest on a label that a model gave.
    rest = {"synth": None, "verifier": None, "release": {"name": name}}
    return checked(Recipe, {"name": name, "seed": seed, "generate": config} | rest)


def checked(shape: type[Config], values: Mapping[str, Any]) -> Config:
    """Settings in their shape.

    Raises:
        ValueError: If one is not valid: what to mend, one line each.
    """
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        lines = configuration.explain(shape, error)
    raise ValueError("\n".join(lines))


def begun(recipe: Recipe, store: Store, data: Path) -> bool:
    """Whether the store has a stage of this run, whole or in part."""
    steps = catalog.plan(store, attempts(store, stages(recipe, store, data)))
    return any(done or (store.path / "work" / stage_id).exists() for _, stage_id, done in steps)


def cost(recipe: Recipe, *, kept: Path | None = None) -> Cost | None:
    """Ask a few requests of the generators that need no other row, and scale up; None where there is none of them.

    Args:
        recipe: What is to be written.
        kept: Folder for what was measured, so that the same question asks the server once.

    Raises:
        EndpointLost: If the server does not answer.
    """
    config = recipe.generate
    assert config is not None
    planned = dict.fromkeys(fill.order(config.jobs), 0)
    for job in config.jobs:
        if job.generator in planned:  # the others ask no model
            planned[job.generator] += job.requests
    first = [name for name in planned if GENERATORS[name].needs == ("cell",)]
    answers = sum(planned[name] for name in first)  # every request that is written is answered too
    requests = sum(planned.values()) + answers
    asking = sum(not isinstance(JUDGES[judge.name], Rule) for judge in config.judges)
    tried = [
        GENERATORS[name].request(item, style=config.writer.style, seed=recipe.seed)
        for name in first
        for item in fill.fill(name, config.jobs, [], seed=recipe.seed).items
    ]
    if not tried:
        return None
    found = _measured(tried, config.writer, kept)
    share = requests / len(tried)
    # Not every server counts tokens, so the hours are those of the requests.
    return Cost(
        requests, requests * asking, round(found.completion_tokens * share), found.tokens_per_s, found.hours * share
    )


def _measured(requests: Sequence[Request], writer: Engine, kept: Path | None) -> Estimate:
    """What the requests will take. The figures are kept and not the answers: a second time those would come at once."""
    name = f"{digest([writer.model_dump(mode='json'), [request.digest for request in requests]])}.json"
    if kept and (kept / name).exists():
        return Estimate(**json.loads((kept / name).read_bytes()))
    with tempfile.TemporaryDirectory() as folder:
        found = estimate(requests, writer, folder=Path(folder))
    if kept:
        LocalFiles(kept).put(name, json.dumps(found._asdict()).encode())
    return found
