"""The RL part of a run: which prompts each step sees, what is written after it, and where a killed run goes on."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import polars as pl

from train.config import KINDS, PerKind, RLConfig
from train.evaluate import SecondJudge, evaluate_policy
from train.journal import Journal
from train.mixer import Mix
from train.prompts import PROMPT
from train.rewards import Reward
from train.rewards.format import well_formed
from train.rewards.safety import Scorer

if TYPE_CHECKING:
    from train.trl_trainer import Rollout

Progress = Callable[[str, int, int], None]  # part, done, total
COMPLETE = "complete"  # file that says that a checkpoint was written to its end


@dataclass(frozen=True)
class Parts:
    """All that a run has checked and loaded before its first step."""

    config: RLConfig
    records: pl.DataFrame
    mix: Mix
    rewards: Mapping[str, Reward]
    verifier: Scorer
    second_judge: SecondJudge | None
    journal: Journal
    checkpoints: Path
    report: Progress


def train_policy(parts: Parts, start: Path, target: Path) -> None:
    """Train the policy in `start` for all steps, or for those that are left, and write it to `target` in fp32."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback

    from train.trl_trainer import CPGDTrainer, trainer_arguments

    config, journal = parts.config, parts.journal
    checkpoint, done = last_checkpoint(parts.checkpoints, config.updates)
    journal.rewind(done if checkpoint else -1)
    tokenizer = AutoTokenizer.from_pretrained(start)
    held_out = pl.concat(
        parts.records.filter(kind=kind, split="test").sort("sample_id").head(count)
        for kind, count in config.eval_size.model_dump().items()
    )

    def measure(step: int) -> None:
        parts.report("evaluation", step, config.steps)
        figures = evaluate_policy(
            trainer.sampler(torch.float32),
            tokenizer,
            held_out,
            verifier=parts.verifier,
            second_judge=parts.second_judge,
            max_new_tokens=config.max_new_tokens,
        )
        journal.write({"kind": "evaluation", "step": step, **figures})

    class Writer(TrainerCallback):
        """Writes a step once it is trained, before its checkpoint is saved: what a checkpoint follows is written."""

        rollout: "Rollout"
        since = time.perf_counter()

        def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if "grad_norm" not in kwargs["logs"]:  # the summary at the end
                return
            step = state.global_step // config.updates
            now = time.perf_counter()
            figures = step_figures(self.rollout, parts.mix, kwargs["logs"], now - self.since)
            journal.write({"kind": "step", "step": step, **figures})
            parts.report("rl", step, config.steps)
            if step % config.eval_every == 0 or step == config.steps:
                measure(step)
            self.since = time.perf_counter()

        def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()

    prompts = list(schedule(parts.records, config.prompts_per_step, config.steps, config.seed))
    writer = Writer()

    def rolled(rollout: "Rollout") -> None:
        journal.write_rollout(rollout, parts.mix)
        writer.rollout = rollout

    trainer = CPGDTrainer(
        config=config,
        mix=parts.mix,
        rewards=parts.rewards,
        on_rollout=rolled,
        model=AutoModelForCausalLM.from_pretrained(start, dtype=torch.float32),
        args=trainer_arguments(config, parts.checkpoints),
        train_dataset=Dataset.from_list(prompts),
        processing_class=tokenizer,
        callbacks=[writer],
    )
    if checkpoint is None:
        measure(0)
    writer.since = time.perf_counter()
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    trainer.sampler(torch.float32).save_pretrained(target)
    tokenizer.save_pretrained(target)


def schedule(records: pl.DataFrame, counts: PerKind, steps: int, seed: int) -> Iterator[dict[str, Any]]:
    """Training prompts in the order of the steps; a kind that runs out is shuffled and begins again."""
    pools = {
        kind: records.filter(kind=kind, split="train").sort("sample_id").rows(named=True)
        for kind in KINDS
        if getattr(counts, kind)
    }
    rng = Random(seed)
    queues: dict[str, list[dict[str, Any]]] = {kind: [] for kind in pools}
    for _ in range(steps):
        for kind, pool in pools.items():
            for _ in range(getattr(counts, kind)):
                queue = queues[kind]
                if not queue:
                    queue.extend(rng.sample(pool, len(pool)))
                row = queue.pop()
                yield {
                    "prompt": PROMPT.format(row["prompt"]),
                    "question": row["prompt"],
                    "reference": row["reference"],
                    "record_label": row["record_label"],
                    "sample_id": row["sample_id"],
                }


def last_checkpoint(folder: Path, updates: int) -> tuple[Path | None, int]:
    """The newest whole checkpoint and its step, or None and -1; what a kill left half written is removed."""
    found: tuple[Path | None, int] = (None, -1)
    for path in folder.glob("checkpoint-*"):
        step = int(path.name.rpartition("-")[2]) // updates
        if not (path / COMPLETE).exists():
            shutil.rmtree(path)
        elif step > found[1]:
            found = (path, step)
    return found


def step_figures(rollout: "Rollout", mix: Mix, logs: Mapping[str, Any], seconds: float) -> dict[str, float | None]:
    """The numbers of a step: what was rewarded, how far the policy moved, how it writes."""
    figures: dict[str, float | None] = {}
    for name, values in rollout.scores.items():
        asked = [v for v, label in zip(values, rollout.labels, strict=True) if name in mix.weights(label)]
        figures[f"reward/{name}"] = _mean(asked)
        figures[f"not_scored/{name}"] = asked.count(None)
    completions = len(rollout.completions)
    return figures | {
        "total": _mean(rollout.totals),
        "total_not_scored": rollout.totals.count(None),
        "without_signal": sum(advantage == 0 for advantage in rollout.advantages),
        "policy_drift": logs.get("policy_drift"),
        "clip_fraction": logs.get("clip_fraction"),
        "entropy": logs.get("entropy"),
        "grad_norm": float(logs["grad_norm"]),
        "mean_length": sum(rollout.lengths) / completions,
        "truncated_share": sum(rollout.truncated) / completions,
        "format_share": sum(map(well_formed, rollout.completions)) / completions,
        "seconds": seconds,
        "seconds_rollout": rollout.seconds,
    }


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
