"""Reinforce: a few steps of RL with the verifier that this run trained; the rollouts come back as samples."""

import json
import shutil
from collections.abc import Callable, Sequence

import polars as pl

from catalog import Accounting, Context, Output, Stage, chat, digest, models, prompt_id, sample_id
from safeladder.pipeline.frames import empty, table
from safeladder.pipeline.release import rows_of
from safeladder.pipeline.verify import CHECKPOINTS, checkpoint_entry, safety_rows, trained_by
from train import Mix, RLConfig, arithmetic_records

HARMFUL = ("Unsafe", "Safe with refusal", "Safe with warning")


def stage(config: RLConfig, *, release_id: str | None = None, verifier_id: str | None = None) -> Stage:
    """Train a small policy with a verifier as part of its reward: this run's release and verifier, or named ones."""
    own = {"release": release_id, "verifier": verifier_id}
    return Stage(
        name="rl",
        work=lambda context: _reinforce(context, config, release_id, verifier_id),
        after=tuple(name for name, given in own.items() if given is None),
        config=config.model_dump(mode="json") | own,
        reads={
            "policy": models.weights_digest(models.resolve(config.policy)),
            "encoder": models.weights_digest(models.resolve(config.encoder)) if config.encoder else "none",
            "mix": digest(Mix.load(config.mix).model_dump(mode="json")),
        },
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


def records_of(rows: pl.DataFrame, config: RLConfig) -> pl.DataFrame:
    """All records of a run: the prompts of the release and as many sums as it asks for.

    Prompts of the calibration split are left out, since they fitted the verifier's temperature, and so are those that
    the config does not take.
    """
    fit = pl.col("language").is_in(config.languages) & (pl.col("prompt").str.len_chars() <= config.max_prompt_chars)
    prompts = prompts_of(rows).filter(fit & (pl.col("split") != "calibration"))
    benign_without_reply = (pl.col("kind") == "benign") & pl.col("reference").is_null()
    # A prompt may stand in two splits only under two ids, as the same words in another case; one of them is enough.
    texts = prompts.filter(~benign_without_reply).unique("prompt", keep="first", maintain_order=True)
    asked = max(config.sft.rows.math, config.prompts_per_step.math * config.steps)
    sums_in = [language for language in ("en", "zh") if language in config.languages]
    sums = arithmetic_records(train=asked, test=config.eval_size.math, seed=config.seed, languages=sums_in)
    return pl.concat([texts.select(sums.columns), sums])


def _reinforce(context: Context, config: RLConfig, release_id: str | None, verifier_id: str | None) -> Output:
    import train

    release = rows_of(context, release_id)
    release_id = str(release["release_id"].first())
    rows = safety_rows(context.store, release)
    records = records_of(rows, config)
    verifier_id = verifier_id or trained_by(context.store, context.upstream["verifier"])
    result = train.run_rl(
        config,
        records=records,
        verifier_path=context.store.path / CHECKPOINTS / verifier_id,
        verifier_id=verifier_id,
        second_judge=_second_judge(rows),
        workdir=context.workdir,
        progress=lambda part, done, total: context.tick(done, total, part),
    )
    policy_id = models.weights_digest(result.policy_dir)
    target = context.store.path / CHECKPOINTS / policy_id
    if not target.exists():
        shutil.copytree(result.policy_dir, beside := target.with_name(f".{policy_id}"), dirs_exist_ok=True)
        for extra in (result.metrics_path, result.plot_svg):
            shutil.copy(extra, beside / extra.name)
        beside.rename(target)
    samples, lineage = _returned(result.rollouts, records, verifier_id, config.seed)
    trained = pl.DataFrame({"child_id": [policy_id] * 2, "parent_id": [release_id, verifier_id]})
    return Output(
        Accounting(records.height, records.height, created=samples.height),
        {
            "samples": samples,
            "lineage": pl.concat([lineage, table("lineage", trained, relation="trained_on", seed=config.seed)]),
        },
        {"checkpoints": [checkpoint_entry(policy_id, "policy", release_id)]},
    )


def _second_judge(rows: pl.DataFrame) -> Callable[[Sequence[str], Sequence[str]], list[float | None]]:
    """P(unsafe) by TF-IDF and logistic regression on the same labels: another family, but not another opinion.

    The reward never sees it; where the verifier's word rises and this one's does not, the policy plays the verifier.
    """
    from verifiers.baseline import fit_baseline, probability

    known = rows.filter(
        (pl.col("split") == "train") & pl.col("unsafe").is_not_null() & pl.col("response").is_not_null()
    )
    fitted = fit_baseline(known)

    def judge(prompts: Sequence[str], responses: Sequence[str]) -> list[float | None]:
        if not prompts:  # every answer was cut off: nobody has anything to judge
            return []
        asked = pl.DataFrame({"prompt": list(prompts), "response": list(responses)})
        return list(map(float, probability(fitted.logits(asked))))

    return judge


def _returned(
    rollouts: pl.DataFrame, records: pl.DataFrame, verifier_id: str, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rollouts as samples, each with two lineage rows: to its prompt and to the verifier that rewarded it."""
    samples, lineage = [], []
    for row in rollouts.join(records.select("sample_id", "prompt", "kind"), on="sample_id").iter_rows(named=True):
        asked, answered = chat(row["prompt"]), chat(row["prompt"], row["completion"])
        child = sample_id(answered)
        if row["kind"] == "math":  # a sum was made for this run: its prompt is a sample of its own
            samples.append({"sample_id": row["sample_id"], "prompt_id": prompt_id(asked), "messages": asked})
        samples.append({"sample_id": child, "prompt_id": prompt_id(answered), "messages": answered})
        detail = {
            "step": row["step"],
            "components": json.loads(row["components"]),
            "total": row["total"],
            "advantage": row["advantage"],
            "truncated": row["truncated"],
        }
        base = {"child_id": child, "seed": seed, "detail": json.dumps(detail)}
        lineage.append(base | {"parent_id": row["sample_id"], "relation": "rollout"})
        lineage.append(base | {"parent_id": verifier_id, "relation": "reward"})
    made = table("samples", pl.DataFrame(samples, schema=empty("samples").schema))
    return made.unique("sample_id", keep="first", maintain_order=True), table("lineage", pl.DataFrame(lineage))
