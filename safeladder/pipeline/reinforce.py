"""Reinforce: a few steps of RL with the verifier that this run trained; the rollouts come back as samples."""

import json
import shutil

import polars as pl

from catalog import Accounting, Context, Output, Stage, chat, models, prompt_id, sample_id
from safeladder.pipeline.frames import empty, table
from safeladder.pipeline.release import rows_of
from safeladder.pipeline.verify import CHECKPOINTS, checkpoint_entry, safety_rows, trained_by
from train import RLConfig

HARMFUL = ("Unsafe", "Safe with refusal", "Safe with warning")


def stage(config: RLConfig, *, release_id: str | None = None, verifier_id: str | None = None) -> Stage:
    """Train a small policy with a verifier as part of its reward: this run's release and verifier, or named ones."""
    own = {"release": release_id, "verifier": verifier_id}
    return Stage(
        name="rl",
        work=lambda context: _reinforce(context, config, release_id, verifier_id),
        after=tuple(name for name, given in own.items() if given is None),
        config=config.model_dump(mode="json") | own,
        reads={"policy": models.weights_digest(models.resolve(config.policy))},
    )


def prompts_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Distinct text prompts of safety rows, as RL records.

    A prompt is harmful if any reply to it was labelled as one to a harmful request. Its record label names the row of
    the reward mix: `safety` for harmful prompts, `normal` for benign ones; a benign prompt carries its shortest safe
    reply as reference.

    Args:
        rows: As `safety_rows` gives them.
    """
    harmful = (pl.col("unsafe").fill_null(False) | pl.col("label").is_in(HARMFUL)).any()
    safe = (pl.col("unsafe") == False) & (pl.col("label").is_null() | (pl.col("label") == "Safe without risk"))  # noqa: E712
    replies = pl.col("response").filter(safe & pl.col("response").is_not_null())
    return (
        rows.filter((pl.col("modality") == "text") & (pl.col("source") != "synth"))
        .group_by("prompt_id", maintain_order=True)
        .agg(
            pl.col("prompt", "split", "language").first(),
            sample_id=pl.col("sample_id").min(),
            harmful=harmful,
            reference=replies.sort_by(replies.str.len_chars(), replies).first(),
        )
        .with_columns(
            kind=pl.when("harmful").then(pl.lit("harmful")).otherwise(pl.lit("benign")),
            record_label=pl.when("harmful").then(pl.lit("safety")).otherwise(pl.lit("normal")),
            reference=pl.when(~pl.col("harmful")).then("reference"),
        )
        .sort("prompt_id")
    )


def _reinforce(context: Context, config: RLConfig, release_id: str | None, verifier_id: str | None) -> Output:
    import train

    release = rows_of(context, release_id)
    release_id = str(release["release_id"].first())
    rows = safety_rows(context.store, release)
    records = prompts_of(rows)
    verifier_id = verifier_id or trained_by(context.store, context.upstream["verifier"])
    verifier_path = context.store.path / CHECKPOINTS / verifier_id
    result = train.run_rl(
        config,
        records=records,
        judge_rows=rows,
        verifier_path=verifier_path,
        verifier_id=verifier_id,
        workdir=context.workdir,
        progress=lambda done, total, numbers: context.tick(done, total, "steps"),
    )
    policy_id = train.policy_digest(result.policy_dir)
    target = context.store.path / CHECKPOINTS / policy_id
    if not target.exists():
        shutil.copytree(result.policy_dir, beside := target.with_name(f".{policy_id}"), dirs_exist_ok=True)
        for extra in (result.metrics_path, result.plot_path):
            shutil.copy(extra, beside / extra.name)
        beside.rename(target)
    samples, lineage = _returned(result.rollouts, records, verifier_id, config.seed)
    return Output(
        Accounting(records.height, records.height, created=samples.height),
        {
            "samples": samples,
            "lineage": pl.concat(
                [
                    lineage,
                    table(
                        "lineage",
                        pl.DataFrame({"child_id": [policy_id] * 2, "parent_id": [release_id, verifier_id]}),
                        relation="trained_on",
                        seed=config.seed,
                    ),
                ]
            ),
        },
        {"checkpoints": [checkpoint_entry(policy_id, "policy", release_id)]},
    )


def _returned(
    rollouts: pl.DataFrame, records: pl.DataFrame, verifier_id: str, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rollouts as samples, each with two lineage rows: to its prompt and to the verifier that rewarded it."""
    parents = dict(records.select("prompt", "sample_id").iter_rows())
    samples, lineage = [], []
    for row in rollouts.iter_rows(named=True):
        asked, answered = chat(row["prompt"]), chat(row["prompt"], row["completion"])
        child, parent = sample_id(answered), parents.get(row["prompt"])
        if parent is None:  # a generated sum: its prompt becomes a sample of its own
            parent = sample_id(asked)
            samples.append({"sample_id": parent, "prompt_id": prompt_id(asked), "messages": asked})
        samples.append({"sample_id": child, "prompt_id": prompt_id(answered), "messages": answered})
        detail = {
            "step": row["step"],
            "components": json.loads(row["components"]),
            "total": row["total"],
            "advantage": row["advantage"],
            "truncated": row["truncated"],
        }
        base = {"child_id": child, "seed": seed, "detail": json.dumps(detail)}
        lineage.append(base | {"parent_id": parent, "relation": "rollout"})
        lineage.append(base | {"parent_id": verifier_id, "relation": "reward"})
    made = table("samples", pl.DataFrame(samples, schema=empty("samples").schema))
    return made.unique("sample_id", keep="first", maintain_order=True), table("lineage", pl.DataFrame(lineage))
