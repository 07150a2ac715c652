"""What the benchmarks that train verifiers share: their sources, how a recipe becomes a release, intervals, the report.

A benchmark gives one JSON object: `ratios`, `figures`, `versions`, `sizes`.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import ValidationError

from catalog import Store, configuration, fingerprints, releases
from safeladder.execution import run_stages
from safeladder.pipeline import ingest, stages
from safeladder.pipeline.verify import safety_rows
from safeladder.recipe import Recipe
from safeladder.settings import data_root
from verifiers import VerifierConfig

SOURCES = (
    "seed",
    "gptfuzz-responses",
    "refusal-direction-completions",
    "aisafetylab",
    "jade-zh",
    "self-instruct-benign",
    "tulu-human-eval-benign",
)
RESAMPLES = 1000


def release(store: Store, data: Path, **recipe: Any) -> tuple[pl.DataFrame, dict[str, str]]:
    """The rows of a recipe's release, and the batch of each of its stages; a release that is there is used."""
    made = Recipe.model_validate({"verifier": None, "release": {"name": recipe["name"]}} | recipe)
    chain = stages(made, store, data)
    run_stages(store, name=made.name, recipe=made.model_dump(mode="json"), chain=chain)
    batches = fingerprints(chain)
    release_id = str(store.read("release_rows", batch_id=batches["release"])["release_id"].first())
    return releases.release_rows(store, release_id), batches


def answered(store: Store, rows: pl.DataFrame) -> pl.DataFrame:
    """Those that are safety rows with a reply and no picture: `verifiers.data.COLUMNS`, and what a release adds."""
    found = safety_rows(store, rows)
    return found.filter(pl.col("response").is_not_null() & (pl.col("modality") == "text"))


def interval(value_W: np.ndarray) -> list[float]:
    """The figure, and its 95% interval over the resamples that can have it."""
    return [round(float(v), 3) for v in (value_W[0], *np.nanpercentile(value_W[1:], [2.5, 97.5]))]


def tick(done: int, total: int, numbers: dict[str, Any]) -> None:
    """Say now and then how far a training is."""
    if done % 50 == 0 or done == total:
        print(f"step {done} of {total}, loss {numbers['loss']:.3f}", file=sys.stderr, flush=True)


def main(
    name: str,
    about: str | None,
    measure: Callable[..., dict[str, Any]],
    *,
    config: VerifierConfig,
    per_cell: dict[str, int],
    quick: dict[str, int],
) -> None:
    """Measure and print.

    Args:
        name: Of the benchmark.
        about: What `--help` says first.
        measure: Takes the folder for releases and verifiers, the root of the public sets, `sources`, `per_cell` and
            `config`, and gives `ratios`, `figures` and `sizes`.
        config: Of the verifiers.
        per_cell: Rows of one language and reading, at most, of each split.
        quick: The same with `--quick`.
    """
    parser = argparse.ArgumentParser(description=about.splitlines()[0] if about else None)
    parser.add_argument("--quick", action="store_true", help="with fewer rows")
    parser.add_argument("--data", type=Path, help="root of the public sets; default: $SAFELADDER_DATA")
    parser.add_argument("--store", type=Path, help="keep releases and verifiers here, and use what is there")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the verifiers, as backbone=FOLDER"
    )
    asked = parser.parse_args()
    told = dict(one.partition("=")[::2] for one in asked.set)
    try:
        config = VerifierConfig.model_validate(config.model_dump() | told)
    except ValidationError as error:
        parser.error("\n".join(configuration.explain(VerifierConfig, error)))
    data = data_root(asked.data)
    try:
        ingest.found(SOURCES, data)
    except FileNotFoundError as error:
        parser.error(str(error))
    with tempfile.TemporaryDirectory(prefix=f"safeladder-{name}-") as scratch:
        found = measure(
            asked.store or Path(scratch),
            data,
            sources=SOURCES,
            per_cell=quick if asked.quick else per_cell,
            config=config,
        )
    found["figures"] |= {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    found["versions"] = {name: version(name) for name in ("polars", "torch", "transformers")}
    found["versions"] |= {"python": platform.python_version()}
    for title in ("sizes", "figures", "ratios"):
        print(title)
        for what, value in found[title].items():
            print(f"  {what:<52}{value}")
    print(json.dumps(found))
