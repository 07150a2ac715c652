"""Verifiers in a store: find one, or train one on a release outside a run."""

from pathlib import Path
from typing import Any

import polars as pl

from catalog import Store, fingerprints
from catalog.releases import find_release
from safeladder.execution import run_stages
from safeladder.pipeline.verify import score_stage, train_stage, trained_by
from safeladder.recipe import read
from verifiers import VerifierConfig


def find_verifier(store: Path, name: str | None) -> Path:
    """Folder of a verifier: a path as it is, an id or its first characters in the store, or the newest one.

    Raises:
        LookupError: If there is none, or several begin so.
    """
    if name and (Path(name) / "verifier.json").is_file():
        return Path(name)
    checkpoints = Store.existing(store).read("checkpoints").filter(pl.col("kind") == "verifier").sort("created_at")
    found = checkpoints.filter(pl.col("checkpoint_id").str.starts_with(name)) if name else checkpoints.tail(1)
    if found.height != 1:
        ids = ", ".join(checkpoints["checkpoint_id"].str.head(12)) or "none yet; `safeladder verifier train` makes one"
        raise LookupError(f"{'no' if found.is_empty() else 'more than one'} verifier {name or ''!r}; there are: {ids}")
    return store / str(found["path"][0])


def train_on_release(path: Path, release: str | None, config: Path | None) -> dict[str, Any]:
    """Train a verifier on a release and let it judge its rows; what has been done already is reused."""
    store = Store.existing(path)
    found = find_release(store, release)
    settings = read(config, VerifierConfig) if config else VerifierConfig()
    chain = [train_stage(settings, release_id=found["release_id"]), score_stage(release_id=found["release_id"])]
    recipe = {"release": found["release_id"], "verifier": settings.model_dump(mode="json")}
    command = ["safeladder", "verifier", "train", "--release", found["release_id"], "--store", str(path.absolute())]
    command += ["--config", str(config.absolute())] if config else []
    run_stages(store, name=f"verifier:{found['name']}", recipe=recipe, chain=chain, command=command)
    checkpoint_id = trained_by(store, fingerprints(chain)["verifier"])
    return {"checkpoint_id": checkpoint_id, "release": found["name"], "path": str(path / "checkpoints" / checkpoint_id)}
