"""From a plan to a recipe that writes it, and what that will cost."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from safeladder.recipe import GenerateConfig, JudgeConfig, Recipe
from synth import fill
from synth.balance import Plan
from synth.generators import GENERATORS
from synth.inference import Engine, estimate
from synth.inference.executors import HERE, Executor
from synth.judges import JUDGES, Rule

JUDGED_BY = ("illogical", "refusal", "unsafe_tokens", "value_tokens", "knowledge_tokens")
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
    config = GenerateConfig(
        jobs=plan.jobs,
        writer=writer,
        judges=tuple(JudgeConfig(name=judge) for judge in judges),
        verifier=verifier,
        parents=parents,
        rollouts=rollouts,
        executor=executor,
    )
    # A variant of a generated row would rest on a label that a model gave.
    return Recipe(name=name, seed=seed, generate=config, synth=None, verifier=None, release={"name": name})


def cost(recipe: Recipe) -> Cost | None:
    """Ask a few requests of the generators that need no other row, and scale up; None where there is none of them.

    Raises:
        EndpointLost: If the server does not answer.
    """
    config = recipe.generate
    assert config is not None
    planned = dict.fromkeys(fill.order(config.jobs), 0)
    for job in config.jobs:
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
    with tempfile.TemporaryDirectory() as folder:
        found = estimate(tried, config.writer, folder=Path(folder))
    tokens = round(found.completion_tokens / len(tried) * requests)
    return Cost(requests, requests * asking, tokens, found.tokens_per_s, tokens / found.tokens_per_s / 3600)
