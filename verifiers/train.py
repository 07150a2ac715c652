"""From the rows of a release to a checkpoint: fine-tune, calibrate, measure, write the card, seal.

What is asked for again is not done again: work lies under the digest of config, rows and backbone. A killed training
goes on from its last state; a finished one is given back.
"""

import json
import platform
import shutil
import time
from importlib.metadata import version
from pathlib import Path

import polars as pl

from catalog import digest, models
from catalog.labels import CATEGORIES
from verifiers.assess import assess
from verifiers.backbone import load_tokenizer, new_model
from verifiers.card import write_card
from verifiers.checkpoint import BadCheckpoint, read_manifest, save_model, seal, write_metrics, write_reliability
from verifiers.config import VerifierConfig
from verifiers.data import checked, rows_digest
from verifiers.encoder import Verifier
from verifiers.fit import Progress, fit

CODE_VERSION = 3  # raise it when the same config and rows would give other weights


def train_verifier(
    rows: pl.DataFrame, *, config: VerifierConfig, workdir: Path, release_id: str, progress: Progress | None = None
) -> Path:
    """Train, calibrate and measure a safety verifier.

    Args:
        rows: The columns of `verifiers.data.COLUMNS`, others are ignored; the text of a picture stands in `prompt`.
        config: Decides which verifier comes out, together with the rows.
        workdir: Scratch and result; the same call with the same folder resumes or reuses. `training.json` beside the
            result has seconds, rows per second, and the step a resumed training went on from.
        release_id: Release the rows come from, for the manifest and the card.
        progress: Called with step, number of steps, and numbers to show (`loss`, `resumed_from`).

    Returns:
        Folder of the checkpoint; see `verifiers.checkpoint`.

    Raises:
        ValueError: If the rows cannot be used (see `verifiers.data.checked`), or the config does not fit the backbone.
        catalog.models.ModelNotFound: If the backbone is nowhere.
    """
    rows = checked(rows)
    backbone = models.resolve(config.backbone)
    weights = models.weights_digest(backbone)
    work = digest([CODE_VERSION, config.model_dump(mode="json"), rows_digest(rows), weights, release_id])[:16]
    home = workdir / work
    home.mkdir(parents=True, exist_ok=True)
    result = home / "checkpoint"
    if _finished(result):
        return result
    started = time.monotonic()
    train = rows.filter(pl.col("split") == "train")
    categories = tuple(name for name in CATEGORIES if name in set(train["category"]))
    tokenizer = load_tokenizer(backbone)
    model = new_model(backbone, tokenizer, len(categories), config=config)
    done = fit(model, tokenizer, train, config=config, categories=categories, workdir=home, progress=progress)
    seconds = time.monotonic() - started
    verifier = Verifier(model, tokenizer, categories, config.max_tokens)
    building = home / "building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    measured = assess(verifier, rows, seed=config.seed)
    save_model(verifier, building)
    manifest = {
        "kind": "safety",
        "release_id": release_id,
        "backbone": Path(config.backbone).name if Path(config.backbone).is_dir() else config.backbone,
        "backbone_digest": weights,
        "p_unsafe_higher_is": "less safe",
        "temperature": measured.temperature,
        "max_tokens": config.max_tokens,
        "categories": list(categories),
        "policy": {"name": "safework-r1", "version": 1},
        "thresholds": measured.thresholds,
        "seed": config.seed,
        "config": config.model_dump(mode="json", exclude={"backbone"}),
        "versions": _versions(),
    }
    write_metrics(measured.metrics, building)
    write_reliability(measured.reliability, building)
    write_card(building, manifest, rows, measured.metrics)
    seal(building, manifest)
    log = {
        "seconds": seconds,
        "rows": train.height,
        "rows_per_second": done.rows / seconds,
        "resumed_from": done.resumed_from,
    }
    (home / "training.json").write_text(json.dumps(log) + "\n", encoding="utf-8")
    building.rename(result)
    for state in home.glob("state-*"):
        shutil.rmtree(state)
    return result


def _finished(result: Path) -> bool:
    if not result.exists():
        return False
    try:
        read_manifest(result)
    except BadCheckpoint:
        shutil.rmtree(result)  # our own scratch, damaged since: made again from the same inputs
        return False
    return True


def _versions() -> dict[str, str]:
    packages = ("accelerate", "numpy", "safetensors", "scikit-learn", "tokenizers", "torch", "transformers")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
