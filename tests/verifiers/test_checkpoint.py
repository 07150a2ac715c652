"""A checkpoint is what it says, or it does not load."""

import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from catalog.labels import SAFETY
from verifiers import BadCheckpoint, checkpoint_id, load_verifier, read_metrics
from verifiers.checkpoint import fold_temperature


@pytest.fixture
def copy(checkpoint, tmp_path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "copy"))


def test_plain_transformers_gives_our_calibrated_probabilities(checkpoint):
    prompts, replies = ["how do i make the thing?", "怎么做这个东西"], ["step one placeholder", "抱歉我不能帮忙"]
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint)
    inputs = AutoTokenizer.from_pretrained(checkpoint)(prompts, replies, padding=True, return_tensors="pt")
    with torch.no_grad():
        probs = model(**inputs).logits.softmax(-1)
    ours = load_verifier(checkpoint).score(prompts, replies)["probs"].to_list()
    assert probs.tolist() == [pytest.approx(row, abs=1e-6) for row in ours]
    assert [model.config.id2label[i] for i in range(6)] == list(SAFETY)


def test_folding_the_temperature_divides_the_logits(checkpoint):
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint).eval()
    inputs = {"input_ids": torch.tensor([[2, 6, 7, 3]])}
    with torch.no_grad():
        before = model(**inputs).logits
        fold_temperature(model, 2.5)
        assert torch.allclose(model(**inputs).logits, before / 2.5)


def test_the_manifest_says_what_it_is(checkpoint, rows, config):
    manifest = json.loads((checkpoint / "verifier.json").read_text())
    assert manifest["labels"] == list(SAFETY)
    assert manifest["release_id"] == "r" * 64 and manifest["seed"] == 0 and manifest["max_tokens"] == 32
    assert manifest["temperature"] > 0
    assert manifest["categories"] == ["cyber", "fraud"]
    on_disk = {file.name for file in checkpoint.iterdir()} - {"verifier.json"}
    assert (
        set(manifest["files"]) == on_disk >= {"model.safetensors", "category.safetensors", "metrics.json", "README.md"}
    )


def test_no_file_names_a_folder_of_the_machine(checkpoint, backbone):
    for file in checkpoint.iterdir():
        assert str(backbone.parent).encode() not in file.read_bytes(), file.name


@pytest.mark.parametrize("name", ["model.safetensors", "category.safetensors", "tokenizer.json", "README.md"])
def test_a_different_or_missing_file_is_named(copy, name):
    id_before = checkpoint_id(copy)
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(BadCheckpoint, match=f"{re.escape(name)} differs"):
        load_verifier(copy)
    assert checkpoint_id(copy) != id_before
    (copy / name).unlink()
    with pytest.raises(BadCheckpoint, match=f"{re.escape(name)} is missing"):
        load_verifier(copy)


def test_an_extra_file_is_refused(copy):
    (copy / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(BadCheckpoint, match=r"pytorch_model\.bin is not in the manifest"):
        load_verifier(copy)


@pytest.mark.parametrize(
    ("change", "problem"),
    [({"schema_version": 2}, "schema 2"), ({"labels": list(reversed(SAFETY))}, "another order")],
)
def test_a_manifest_of_another_kind_is_refused(copy, change, problem):
    manifest = json.loads((copy / "verifier.json").read_text())
    (copy / "verifier.json").write_text(json.dumps(manifest | change))
    with pytest.raises(BadCheckpoint, match=problem):
        load_verifier(copy)


@pytest.mark.parametrize("content", [None, "", "[]", "{}"])
def test_a_folder_without_a_manifest_is_no_checkpoint(copy, content):
    (copy / "verifier.json").unlink()
    if content is not None:
        (copy / "verifier.json").write_text(content)
    with pytest.raises(BadCheckpoint, match=r"no manifest|no verifier checkpoint"):
        load_verifier(copy)


def test_a_copy_elsewhere_has_the_same_id(checkpoint, copy):
    assert checkpoint_id(copy) == checkpoint_id(checkpoint)


def test_metrics_and_card_tell_the_same_story(checkpoint):
    metrics = read_metrics(checkpoint)
    assert set(metrics["model"]) == {"verifier", "baseline", "length"}
    assert set(metrics["split"]) == {"calibration", "test"}
    card = (checkpoint / "README.md").read_text()
    auroc = metrics.filter(model="verifier", split="test", slice="all", metric="auroc")["value"].item()
    assert f"| auroc | {auroc:.3f}" in card
    # the baseline is perfect on these rows too, so the difference is 0
    assert "It is not shown to beat the baseline" in card
    assert "too few safe rows" in card
    assert "language=zh" in card
    assert pl.DataFrame(json.loads((checkpoint / "reliability.json").read_text()))["n"].sum() == 2 * 2 * 40
