"""RL outside a recipe: a policy trained on the prompts of a release with a verifier of the store."""

from pathlib import Path
from typing import Any

import polars as pl

from catalog import Store, fingerprints
from catalog.releases import find_release
from safeladder.execution import run_stages
from safeladder.pipeline import reinforce as rl
from safeladder.pipeline.verify import trained_by
from safeladder.recipe import read
from safeladder.verifying import find_verifier
from train import RLConfig


def reinforce(path: Path, config: Path, release: str | None, verifier: str | None, *, quick: bool) -> dict[str, Any]:
    """Run RL and return where the policy, its metrics and its plot lie."""
    store = Store.existing(path)
    settings = read(config, RLConfig)
    settings = settings.quick() if quick else settings
    found = find_release(store, release)
    verifiers = store.read("checkpoints").filter(pl.col("kind") == "verifier")
    mine = verifiers.filter(pl.col("release_id") == found["release_id"]).sort("created_at")
    if verifier is None and mine.is_empty():
        raise LookupError(f"no verifier was trained on release {found['name']}; name one with --verifier, or train it")
    verifier_id = find_verifier(path, verifier or str(mine["checkpoint_id"].last())).name
    chain = [rl.stage(settings, release_id=found["release_id"], verifier_id=verifier_id)]
    recipe = {"release": found["release_id"], "verifier": verifier_id, "rl": settings.model_dump(mode="json")}
    command = ["safeladder", "rl", "run", str(config.absolute()), "--release", found["release_id"]]
    command += ["--verifier", verifier_id, "--store", str(path.absolute())] + ["--quick"] * quick
    run_stages(store, name=f"rl:{config.stem}", recipe=recipe, chain=chain, command=command)
    policy = path / "checkpoints" / trained_by(store, fingerprints(chain)["rl"])
    return {"policy": str(policy), "metrics": str(policy / "metrics.jsonl"), "plot": str(policy / "curves.svg")}
