"""Training: learns, repeats itself, survives a kill, and is not done twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from verifiers import VerifierConfig, checkpoint_id, load_verifier, train_verifier
from verifiers.fit import batches, schedule


def test_it_learns_what_the_rows_teach_in_both_languages(checkpoint, rows):
    verifier = load_verifier(checkpoint)
    test = rows.filter(pl.col("split") == "test")
    verdicts = verifier.score(test["prompt"].to_list(), test["response"].to_list())
    right = (verdicts["p_unsafe"] >= 0.5) == test["unsafe"]
    assert right.mean() > 0.95
    assert set(verdicts.filter(test["unsafe"])["label"]) == {"Unsafe"}
    assert set(verdicts.filter(test["language"] == "zh")["category"]) == {"fraud"}


def test_the_same_rows_in_any_order_give_the_same_bytes(checkpoint, rows, config, tmp_path):
    again = train_verifier(
        rows.sample(fraction=1, shuffle=True, seed=1), config=config, workdir=tmp_path, release_id="r" * 64
    )
    assert checkpoint_id(again) == checkpoint_id(checkpoint)


def test_another_seed_gives_other_weights(checkpoint, rows, config, tmp_path):
    other = train_verifier(rows, config=config.model_copy(update={"seed": 1}), workdir=tmp_path, release_id="r" * 64)
    assert checkpoint_id(other) != checkpoint_id(checkpoint)


def test_a_finished_training_is_reused_and_a_damaged_one_made_again(rows, config, tmp_path):
    quick = config.model_copy(update={"epochs": 1})
    first = train_verifier(rows, config=quick, workdir=tmp_path, release_id="r")
    steps = []
    again = train_verifier(
        rows, config=quick, workdir=tmp_path, release_id="r", progress=lambda *step: steps.append(step)
    )
    assert again == first and not steps
    name = checkpoint_id(first)
    (first / "model.safetensors").write_bytes(b"")
    mended = train_verifier(rows, config=quick, workdir=tmp_path, release_id="r")
    assert checkpoint_id(mended) == name


def test_a_training_that_stops_goes_on_where_it_was_saved_and_ends_the_same(checkpoint, rows, config, tmp_path):
    class Stop(Exception):
        pass

    def stop_after_twelve(step: int, steps: int, numbers: dict) -> None:
        if step == 12:
            raise Stop

    with pytest.raises(Stop):
        train_verifier(rows, config=config, workdir=tmp_path, release_id="r" * 64, progress=stop_after_twelve)
    seen = []
    resumed = train_verifier(
        rows, config=config, workdir=tmp_path, release_id="r" * 64, progress=lambda *step: seen.append(step)
    )
    # a state every 5 steps: the last one before step 12 is 10
    assert seen[0][0] == 11 and seen[0][2]["resumed_from"] == 10
    assert json.loads((resumed.parent / "training.json").read_text())["resumed_from"] == 10
    assert checkpoint_id(resumed) == checkpoint_id(checkpoint)


KILLED = """
import json, sys, time
import polars as pl
from pathlib import Path
from verifiers import VerifierConfig, train_verifier
rows, config, work = sys.argv[1:]
def slowly(step, steps, numbers):
    Path(work, "step").write_text(str(step))
    time.sleep(0.2)
train_verifier(pl.read_parquet(rows), config=VerifierConfig.model_validate_json(config), workdir=Path(work),
               release_id="r" * 64, progress=slowly)
"""


@pytest.mark.slow
def test_a_training_killed_with_nine_ends_as_if_it_had_not_been(checkpoint, rows, config, tmp_path):
    rows.write_parquet(tmp_path / "rows.parquet")
    work = tmp_path / "work"
    work.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "rows.parquet"), config.model_dump_json(), str(work)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    reached = work / "step"
    for _ in range(1200):
        if process.poll() is not None or (reached.exists() and int(reached.read_text() or 0) >= 7):
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    seen = []
    resumed = train_verifier(
        rows, config=config, workdir=work, release_id="r" * 64, progress=lambda *step: seen.append(step)
    )
    assert seen[0][2]["resumed_from"] >= 5
    assert checkpoint_id(resumed) == checkpoint_id(checkpoint)


def test_a_changed_config_never_meets_an_old_state(rows, config, tmp_path):
    class Stop(Exception):
        pass

    def stop(step: int, steps: int, numbers: dict) -> None:
        if step == 6:
            raise Stop

    with pytest.raises(Stop):
        train_verifier(rows, config=config, workdir=tmp_path, release_id="r", progress=stop)
    seen = []
    other = config.model_copy(update={"epochs": 1})
    train_verifier(rows, config=other, workdir=tmp_path, release_id="r", progress=lambda *step: seen.append(step))
    assert seen[0][0] == 1


def test_frozen_layers_keep_their_weights(backbone, rows, config, tmp_path):
    from transformers import AutoModel, AutoModelForSequenceClassification

    frozen = config.model_copy(update={"frozen_layers": 1, "epochs": 1})
    trained = AutoModelForSequenceClassification.from_pretrained(
        train_verifier(rows, config=frozen, workdir=tmp_path, release_id="r")
    ).bert
    before = AutoModel.from_pretrained(backbone)
    weight = "attention.self.query.weight"
    assert trained.embeddings.word_embeddings.weight.equal(before.embeddings.word_embeddings.weight)
    assert trained.encoder.layer[0].get_parameter(weight).equal(before.encoder.layer[0].get_parameter(weight))
    assert not trained.encoder.layer[1].get_parameter(weight).equal(before.encoder.layer[1].get_parameter(weight))
    with pytest.raises(ValueError, match="2 layers"):
        train_verifier(rows, config=config.model_copy(update={"frozen_layers": 2}), workdir=tmp_path, release_id="r")


def test_a_length_that_the_backbone_cannot_read_is_refused(rows, config, tmp_path):
    long = config.model_copy(update={"max_tokens": 65})
    with pytest.raises(ValueError, match="at most 64 tokens"):
        train_verifier(rows, config=long, workdir=tmp_path, release_id="r")


def test_rows_without_any_category_train_a_verifier_that_gives_none(rows, config, tmp_path):
    bare = rows.with_columns(category=pl.lit(None, dtype=pl.String))
    path = train_verifier(bare, config=config.model_copy(update={"epochs": 1}), workdir=tmp_path, release_id="r")
    assert not (path / "category.safetensors").exists()
    assert load_verifier(path).score(["how do i make the thing?"], ["sorry"])["category"].to_list() == [None]


def test_the_learning_rate_rises_then_falls_on_a_line():
    # 10 steps, 2 of them warm-up: 1/2, 2/2, then 8/8, 7/8, ... 1/8
    assert [schedule(step, 10, 0.2) for step in range(10)] == [
        0.5,
        1,
        1,
        7 / 8,
        6 / 8,
        5 / 8,
        4 / 8,
        3 / 8,
        2 / 8,
        1 / 8,
    ]


def test_batches_hold_every_row_once_and_never_more_tokens_than_allowed():
    lengths = [3, 30, 7, 7, 12, 25, 3, 9] * 20
    config = VerifierConfig(batch_tokens=64)
    made = batches(lengths, 0, config)
    assert sorted(n for batch in made for n in batch) == list(range(160))
    assert max(len(batch) * max(lengths[n] for n in batch) for batch in made) <= 64
    assert made == batches(lengths, 0, config) != batches(lengths, 1, config)


def test_unknown_settings_are_refused():
    with pytest.raises(ValueError, match="epoch"):
        VerifierConfig(epoch=3)
