"""From a plan to a recipe that writes it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import catalog
from catalog import Store, attempts, configuration
from safeladder.pipeline import stages
from safeladder.recipe import Config, Recipe
from synth.balance import Plan
from synth.inference import Engine
from synth.inference.executors import HERE, Executor

RULES = ("illogical", "refusal")
JUDGED_BY = (*RULES, "safety_label", "unsafe_tokens", "value_tokens", "knowledge_tokens")


def recipe_of(
    plan: Plan,
    writer: Engine | None,
    *,
    name: str,
    judges: Sequence[str] = (),
    verifier: str | None = None,
    parents: str | None = None,
    rollouts: int = 1,
    seed: int = 0,
    executor: Executor = HERE,
) -> Recipe:
    """The recipe that writes what a plan asks for, and judges, filters and releases it.

    Args:
        plan: What to write.
        writer: Who writes, and answers the judges; None where nobody needs to be asked.
        name: Name of the run and of its release.
        judges: Keys of `synth.judges.JUDGES`; by default `JUDGED_BY`, without a writer `RULES`.
        verifier: A verifier of the store that judges too, by the beginning of its id.
        parents: Release whose rows may be gone on from.
        rollouts: Replies of a policy to one request.
        seed: Decides all that is drawn.
        executor: Where the workers run.
    """
    config = {
        "jobs": plan.jobs,
        "writer": writer,
        "judges": [{"name": judge} for judge in judges or (JUDGED_BY if writer else RULES)],
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
