"""A whole run with tiny real models: what it writes, how it goes on after a kill, and what it refuses to start."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import polars as pl
import pytest
from pydantic import ValidationError

from train.config import PerKind, RLConfig
from train.journal import Journal
from train.loop import COMPLETE, last_checkpoint, schedule
from train.rl import run_rl

STEP = {"total", "grad_norm", "policy_drift", "clip_fraction", "entropy", "seconds", "format_share", "mean_length"}


def run(config, records, verifier_path, workdir, *, verifier_id=None, **options):
    from verifiers import checkpoint_id

    verifier_id = verifier_id or (checkpoint_id(verifier_path) if verifier_path.exists() else "none")
    return run_rl(
        config,
        records=records,
        verifier_path=verifier_path,
        verifier_id=verifier_id,
        workdir=workdir,
        **options,
    )


def test_two_steps_end_to_end(config, records, verifier_path, tmp_path):
    from safetensors.torch import load_file

    seen = []
    result = run(
        config,
        records,
        verifier_path,
        tmp_path,
        second_judge=lambda prompts, responses: [0.5] * len(prompts),
        progress=lambda *event: seen.append(event),
    )
    lines = Journal(tmp_path).lines()
    assert [(line["kind"], line["step"]) for line in lines] == [
        ("evaluation", 0),
        ("step", 1),
        ("step", 2),
        ("evaluation", 2),
    ]
    # numbers only
    assert all(isinstance(v, int | float | None) for line in lines for k, v in line.items() if k != "kind")
    assert set(lines[1]) >= STEP | {"reward/safety", "not_scored/safety", "reward/boxed", "reward/refusal"}
    # the second update of a step sees a policy that has moved
    assert lines[1]["policy_drift"] > 0 and lines[1]["grad_norm"] > 0
    assert lines[0]["n_harmful"] == lines[0]["n_math"] == 2

    # four prompts, four completions each, two steps; advantages are centred in every group
    rollouts = result.rollouts
    assert rollouts.height == 2 * 4 * 4
    groups = rollouts["advantage"].to_numpy().reshape(8, 4)
    assert abs(groups.sum(1)).max() < 1e-4
    assert set(rollouts["truncated"]) == {True, False} and rollouts["total"].count() >= 8
    for row in rollouts.iter_rows(named=True):
        components = json.loads(row["components"])
        assert "format" in components and len(components) in (2, 3)
        assert (row["total"] is None) == (None in components.values())
        if row["truncated"] and "safety" in components:
            assert components["safety"] is None and row["advantage"] == 0

    before = load_file(tmp_path / "sft" / "model.safetensors")
    after = load_file(result.policy_dir / "model.safetensors")
    moved = {name for name in before if not before[name].equal(after[name])}
    assert moved and "model.embed_tokens.weight" not in moved
    assert result.plot_svg.read_text(encoding="utf-8").startswith("<svg")
    assert ("rl", 2, 2) in seen and ("trim", 1, 1) in seen
    assert not (tmp_path / "checkpoints").exists()

    # a finished run is not run again
    again = run(config, records, verifier_path, tmp_path, progress=lambda *event: pytest.fail("it ran again"))
    assert again.rollouts.equals(rollouts)
    with pytest.raises(ValueError, match="another run: k differ"):
        run(config.model_copy(update={"k": 8}), records, verifier_path, tmp_path)


KILLED = """
    import os, pickle, signal, sys
    from pathlib import Path
    import polars as pl
    from train.config import RLConfig
    from train.rl import run_rl
    from verifiers import checkpoint_id

    folder, verifier = Path(sys.argv[1]), Path(sys.argv[2])

    def die(part, done, total):
        if (part, done) == ("rl", 3):  # the third step is written, its checkpoint is not
            os.kill(os.getpid(), signal.SIGKILL)

    run_rl(
        RLConfig.model_validate_json((folder / "config.json").read_text()),
        records=pl.read_parquet(folder / "records.parquet"),
        verifier_path=verifier,
        verifier_id=checkpoint_id(verifier),
        workdir=folder / "run",
        progress=die,
    )
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_with_no_step_lost_or_doubled(config, records, verifier_path, tmp_path):
    config = config.model_copy(update={"steps": 4, "save_every": 2, "eval_every": 4, "mix": "guard", "trim": False})
    (tmp_path / "config.json").write_text(config.model_dump_json(), encoding="utf-8")
    records.write_parquet(tmp_path / "records.parquet")
    died = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), tmp_path, verifier_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        timeout=120,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()[-2000:]
    workdir = tmp_path / "run"
    assert [line["step"] for line in Journal(workdir).lines()] == [0, 1, 2, 3]
    assert last_checkpoint(workdir / "checkpoints", config.updates)[1] == 2
    kept = pl.concat(pl.read_parquet(workdir / "rollouts" / f"{step:06d}.parquet") for step in (1, 2))

    parts = []
    result = run(config, records, verifier_path, workdir, progress=lambda part, *_: parts.append(part))
    lines = Journal(workdir).lines()
    assert [(line["kind"], line["step"]) for line in lines] == [
        ("evaluation", 0),
        *(("step", step) for step in (1, 2, 3, 4)),
        ("evaluation", 4),
    ]
    assert result.rollouts.filter(pl.col("step") <= 2).equals(kept)
    assert result.rollouts.group_by("step").len().sort("step")["len"].to_list() == [16] * 4
    assert "sft" not in parts
    # the prompts of a step are those of the schedule, resumed or not
    planned = [row["sample_id"] for row in schedule(records, config.prompts_per_step, config.steps, config.seed)]
    assert result.rollouts["sample_id"].to_list()[:: config.k] == planned


def test_without_its_verifier_or_with_another_no_run_starts(
    config, records, verifier_path, verifier_id, make_verifier, tmp_path
):
    with pytest.raises(FileNotFoundError, match="never rewards without"):
        run(config, records, tmp_path / "none", tmp_path / "run")
    with pytest.raises(ValueError, match="expected"):
        run(config, records, make_verifier(1), tmp_path / "run", verifier_id=verifier_id)
    with pytest.raises(ValueError, match="second judge is the verifier"):
        run(config, records, verifier_path, tmp_path / "run", second_judge=verifier_path)
    assert not (tmp_path / "run").exists()


def spoil(records, sample_id, **values):
    here = pl.col("sample_id") == sample_id
    return records.with_columns(
        pl.when(here).then(pl.lit(value, dtype=pl.String)).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


@pytest.mark.parametrize(
    ("sample_id", "values", "error", "says"),
    [
        ("h0", {"record_label": "jailbrake"}, LookupError, "did you mean 'jailbreak'"),
        ("h0", {"record_label": "value"}, LookupError, "no row for record label 'value'"),
        ("h0", {"kind": "other"}, ValueError, "record h0 has a kind"),
        ("h0", {"record_label": "knowledge_rule"}, ValueError, "no integer, the first h0"),
        ("b0", {"reference": None}, ValueError, "no reference reply, the first b0"),
        ("h0", {"prompt": "Harmful request 5 [placeholder]"}, ValueError, "in train and in test"),
    ],
)
def test_a_record_that_cannot_be_rewarded_stops_the_run(
    config, records, verifier_path, tmp_path, sample_id, values, error, says
):
    with pytest.raises(error, match=says):
        run(config, spoil(records, sample_id, **values), verifier_path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_component_that_is_not_there_stops_the_run(config, records, verifier_path, tmp_path):
    with pytest.raises(LookupError, match="needs the component 'helpfulness'"):
        run(config.model_copy(update={"encoder": None}), records, verifier_path, tmp_path / "run")


def test_the_config_refuses_unknown_keys_and_updates_that_do_not_divide_the_prompts(config):
    with pytest.raises(ValidationError, match="Extra inputs"):
        RLConfig.model_validate({**config.model_dump(), "step": 3})
    with pytest.raises(ValidationError, match="makes 3 prompts"):
        RLConfig(**{**config.model_dump(), "prompts_per_step": PerKind(harmful=2, benign=1, math=0).model_dump()})


def test_a_schedule_is_the_same_every_time_and_begins_again_when_a_kind_runs_out(records):
    counts = PerKind(harmful=3, benign=0, math=1)
    rows = list(schedule(records, counts, 4, seed=0))
    assert rows == list(schedule(records, counts, 4, seed=0))
    assert [row["record_label"] for row in rows[:4]] == ["safety"] * 3 + ["knowledge_rule"]
    harmful = [row["sample_id"] for row in rows if row["record_label"] == "safety"]
    assert set(harmful[:4]) == {"h0", "h1", "h2", "h3"} and len(harmful) == 12


def test_a_journal_forgets_what_came_after_and_a_line_that_was_cut_short(tmp_path):
    journal = Journal(tmp_path)
    for step in range(3):
        journal.write({"kind": "step", "step": step, "total": float("nan")})
    with journal.metrics.open("a", encoding="utf-8") as file:
        file.write('{"kind": "st')
    (journal.folder / "000001.parquet").touch()
    (journal.folder / "000002.parquet").touch()
    (journal.folder / "000002.partial").touch()
    journal.rewind(1)
    assert journal.lines() == [{"kind": "step", "step": step, "total": None} for step in (0, 1)]
    assert [path.name for path in journal.folder.iterdir()] == ["000001.parquet"]


def test_a_checkpoint_that_a_kill_cut_short_is_not_used(tmp_path):
    for step in (2, 4, 6):
        (tmp_path / f"checkpoint-{step}").mkdir()
    (tmp_path / "checkpoint-2" / COMPLETE).touch()
    (tmp_path / "checkpoint-4" / COMPLETE).touch()
    assert last_checkpoint(tmp_path, 2) == (tmp_path / "checkpoint-4", 2)
    assert not (tmp_path / "checkpoint-6").exists()
