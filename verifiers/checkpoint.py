"""A checkpoint: a plain Hugging Face directory that names and hashes everything it holds.

`verifier.json` is the manifest. Loading fails closed: a file that is missing, different or not in the manifest is an
error, never a verifier that is almost the one that was measured.

Axis suffixes: L labels, D hidden units.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from catalog import digest
from catalog.labels import SAFETY
from verifiers.encoder import SafetyEncoder, Verifier
from verifiers.evaluate import TABLE
from verifiers.quiet import quiet

SCHEMA_VERSION = 1
MANIFEST = "verifier.json"
METRICS = "metrics.json"
RELIABILITY = "reliability.json"
CARD = "README.md"
CATEGORY = "category.safetensors"


class BadCheckpoint(ValueError):
    """A folder that is no whole verifier checkpoint; the message names the file and what was expected."""


def fold_temperature(classifier: Any, temperature: float) -> None:
    """Divide the last layer by T, in place: the plain softmax of the loaded model is then the calibrated one.

    Raises:
        ValueError: If the classifier does not end in a linear layer with one output per label.
    """
    last = [part for part in classifier.modules() if isinstance(part, nn.Linear)][-1]
    if last.out_features != len(SAFETY):
        raise ValueError(f"{type(classifier).__name__} does not end in a linear layer with {len(SAFETY)} outputs")
    with torch.no_grad():
        for parameter in last.parameters():
            parameter.div_(temperature)


def save_model(verifier: Verifier, folder: Path) -> None:
    """Write weights, tokenizer and category head; `seal` makes a checkpoint of them."""
    classifier = verifier.model.classifier.to("cpu")
    with quiet():
        classifier.save_pretrained(folder)
    verifier.tokenizer.save_pretrained(folder)
    head = verifier.model.category
    if head is not None:
        weights = {name: tensor.detach().cpu().contiguous() for name, tensor in head.state_dict().items()}
        save_file(weights, folder / CATEGORY, metadata={"categories": json.dumps(verifier.categories)})


def seal(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest, with the sha256 of every other file, as the last file of a checkpoint."""
    whole = {"schema_version": SCHEMA_VERSION, "labels": list(SAFETY), **manifest, "files": _hashes(folder)}
    (folder / MANIFEST).write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a checkpoint, once every file is what it says.

    Raises:
        BadCheckpoint: If it is missing or unreadable, of another schema version or label order, or if a file is
            missing, different or extra.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        stated = manifest["files"]
    except FileNotFoundError:
        raise BadCheckpoint(f"{path} holds no {MANIFEST}: it is no verifier checkpoint") from None
    except (ValueError, KeyError, TypeError):
        raise BadCheckpoint(f"{path / MANIFEST} is no manifest: expected JSON with `files`") from None
    if manifest.get("schema_version") != SCHEMA_VERSION:
        raise BadCheckpoint(f"{path} has schema {manifest.get('schema_version')}; this code reads {SCHEMA_VERSION}")
    if manifest.get("labels") != list(SAFETY):
        raise BadCheckpoint(f"{path} was trained for other labels, or in another order, than `catalog.labels.SAFETY`")
    found = _hashes(path)
    for name in sorted({*stated, *found}):
        if stated.get(name) != found.get(name):
            problem = (
                "is missing" if name not in found else "is not in the manifest" if name not in stated else "differs"
            )
            raise BadCheckpoint(f"{path / name} {problem}; take the checkpoint from its source again")
    return dict(manifest)


def checkpoint_id(path: Path) -> str:
    """Digest over the sha256 of every file: the same bytes have the same id wherever they lie."""
    return digest(_hashes(path, manifest=True))


def load_verifier(path: Path) -> Verifier:
    """A verifier, after every file has been checked against the manifest.

    Raises:
        BadCheckpoint: See `read_manifest`.
    """
    manifest = read_manifest(path)
    with quiet():
        classifier = AutoModelForSequenceClassification.from_pretrained(
            path, dtype=torch.float32, local_files_only=True
        )
    categories: tuple[str, ...] = ()
    weights: dict[str, torch.Tensor] = {}
    if CATEGORY in manifest["files"]:
        with safe_open(path / CATEGORY, framework="pt") as file:
            categories = tuple(json.loads(file.metadata()["categories"]))
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    model = SafetyEncoder(classifier, len(categories))
    if model.category is not None:
        model.category.load_state_dict(weights)
    model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
    return Verifier(model, tokenizer, categories, manifest["max_tokens"])


def write_metrics(table: pl.DataFrame, folder: Path) -> None:
    """Write the long metrics table as a JSON list of rows."""
    _write_rows(table, folder / METRICS)


def write_reliability(table: pl.DataFrame, folder: Path) -> None:
    """Write the bins behind a reliability plot (see `verifiers.calibration.reliability`) as a JSON list of rows."""
    _write_rows(table, folder / RELIABILITY)


def read_metrics(path: Path) -> pl.DataFrame:
    """The long metrics table of a checkpoint, in the columns of `verifiers.evaluate.TABLE`.

    Raises:
        BadCheckpoint: See `read_manifest`.
    """
    read_manifest(path)
    return pl.DataFrame(json.loads((path / METRICS).read_text(encoding="utf-8")), schema=TABLE)


def _write_rows(table: pl.DataFrame, path: Path) -> None:
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in table.iter_rows(named=True))
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def _hashes(path: Path, *, manifest: bool = False) -> dict[str, str]:
    hashes = {}
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        name = file.relative_to(path).as_posix()
        if manifest or name != MANIFEST:
            with file.open("rb") as stream:
                hashes[name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return hashes
