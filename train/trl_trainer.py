"""CPGD on TRL's GRPO trainer: our rollouts, our rewards, our advantages and our loss; its optimizer and checkpoints.

Axis suffixes: B completions, T tokens of the completion.
"""

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PrinterCallback
from trl import GRPOConfig, GRPOTrainer  # noqa: TID253 -- this module is only imported by a run

from train.advantages import group_advantage
from train.config import RLConfig
from train.losses import cpgd_loss, trust_region
from train.mixer import Mix, Scores
from train.rewards import Reward
from train.sampling import Sample, generate

# The columns of a row that the rewards may read; `question` is the request as the user wrote it.
COLUMNS = ("sample_id", "question", "reference", "record_label")


@dataclass(frozen=True)
class Rollout:
    """The completions of one step, group after group, with all that was said of them."""

    step: int  # from 1
    sample_ids: list[str]
    labels: list[str]
    completions: list[str]
    lengths: list[int]  # tokens
    truncated: list[bool]
    scores: Scores  # component rewards; None where not scored or not asked for
    totals: list[float | None]
    advantages: list[float]
    seconds: float  # generation and scoring


def trainer_arguments(config: RLConfig, folder: Path) -> GRPOConfig:
    """TRL's settings for a run in one process on a CPU.

    A micro-batch holds K completions. One rollout feeds `updates` optimizer steps with a part of the completions
    each, so from the second on the policy has moved and clip and drift act.
    """
    prompts = config.prompts_per_step.total
    return GRPOConfig(
        output_dir=str(folder),
        use_cpu=True,
        bf16=True,
        max_steps=config.steps * config.updates,
        per_device_train_batch_size=config.k,
        num_generations=config.k,
        gradient_accumulation_steps=prompts // config.updates,
        steps_per_generation=prompts,
        num_iterations=1,
        max_completion_length=config.max_new_tokens,
        temperature=config.temperature,
        beta=0.0,
        epsilon=config.epsilon,
        learning_rate=config.learning_rate,
        weight_decay=0.0,
        adam_beta2=0.95,
        max_grad_norm=1.0,
        shuffle_dataset=False,
        gradient_checkpointing=False,
        logging_steps=config.updates,
        save_strategy="steps",
        save_steps=config.save_every * config.updates,
        save_total_limit=1,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        seed=config.seed,
    )


class CPGDTrainer(GRPOTrainer):
    """GRPO's loop with clipped policy gradient and policy drift, rewarded by a mix.

    Args:
        config: The run.
        mix: Turns component rewards into a total.
        rewards: Component name to reward.
        on_rollout: Receives every rollout before it is trained on.
        arguments: Those of `GRPOTrainer`: model, args, train_dataset, processing_class, callbacks.

    Raises:
        RuntimeError: If the run has more than one process: groups and files are those of one.
    """

    def __init__(
        self,
        *,
        config: RLConfig,
        mix: Mix,
        rewards: Mapping[str, Reward],
        on_rollout: Callable[[Rollout], None],
        model: Any,
        **arguments: Any,
    ) -> None:
        self.config, self.mix, self.rewards, self.on_rollout = config, mix, rewards, on_rollout
        # TRL wraps the model that it trains in autocast, which on a CPU casts every weight again for every token.
        # So completions come from a copy: bf16 for rollouts, fp32 for evaluation, where bf16 is not repeatable.
        self.twin = copy.deepcopy(model).requires_grad_(False)
        model.get_input_embeddings().weight.requires_grad_(False)
        super().__init__(model=model, reward_funcs=[self.total], rollout_func=_rollout, **arguments)
        self.remove_callback(PrinterCallback)  # what is written stands in the journal
        if self.accelerator.num_processes > 1:
            raise RuntimeError(f"a run is one process, not {self.accelerator.num_processes}")

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        # transformers' own warm-up begins at 0, which wastes the first update
        rise = max(1, self.config.warmup_steps * self.config.updates)
        stepped: Any = optimizer or self.optimizer
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(stepped, lambda done: min(1.0, (done + 1) / rise))
        return self.lr_scheduler

    def sampler(self, dtype: torch.dtype) -> Any:
        """The copy that generates, with the weights of now in the given type."""
        self.twin.to(dtype)
        trained = self.accelerator.unwrap_model(self.model)
        with torch.no_grad():
            for mine, theirs in zip(self.twin.parameters(), trained.parameters(), strict=True):
                mine.copy_(theirs)
        return self.twin

    def total(self, prompts: Sequence[str], completions: Sequence[str], **columns: Any) -> list[float | None]:
        """The one reward function: the mix. What its components say is kept for the rollout."""
        labels = columns["record_label"]
        self.scores = self.mix.score(
            labels,
            self.rewards,
            columns["question"],
            completions,
            reference=columns["reference"],
            truncated=columns["truncated"],
        )
        return self.mix(labels, self.scores)

    def _calculate_rewards(
        self, inputs: list[dict[str, Any]], prompts: list[str], completions: list[str], completion_ids: list[list[int]]
    ) -> Tensor:
        # TRL's own method prints prompt and completion where nothing was scored; ours says it with ids and counts.
        columns = {name: [row[name] for row in inputs] for name in (*COLUMNS, "truncated")}
        self.totals = self.total(prompts, completions, **columns)
        self.columns, self.completions = columns, completions
        self.lengths = [len(ids) for ids in completion_ids]
        nan = float("nan")
        totals = [[nan if total is None else total] for total in self.totals]
        return torch.tensor(totals, device=self.accelerator.device)

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        started = time.perf_counter()
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        advantage_B, scored_B = group_advantage(
            self.totals, group_size=self.config.k, weight=self.config.advantage, floor=self.config.advantage_floor
        )
        device = output["completion_mask"].device
        output["advantages"], output["scored"] = advantage_B.to(device), scored_B.to(device)
        output["num_items_in_batch"] = (output["completion_mask"] * output["scored"].unsqueeze(1)).sum()
        self.on_rollout(
            Rollout(
                step=self.state.global_step // self.config.updates + 1,
                sample_ids=self.columns["sample_id"],
                labels=self.columns["record_label"],
                completions=self.completions,
                lengths=self.lengths,
                truncated=self.columns["truncated"],
                scores=self.scores,
                totals=self.totals,
                advantages=advantage_B.tolist(),
                seconds=time.perf_counter() - started,
            )
        )
        return output

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Tensor:
        mask_BT = inputs["completion_mask"] * inputs["scored"].unsqueeze(1)
        logp_BT, entropy_BT, _ = self._get_per_token_logps_and_entropies(
            model,
            torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], dim=1),
            torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], dim=1),
            inputs["completion_ids"].size(1),
            compute_entropy=True,
        )
        # With one update per rollout TRL keeps no old log-probabilities: they are those of now.
        old_BT = inputs.get("old_per_token_logps", logp_BT.detach())
        batch = (logp_BT, old_BT, inputs["advantages"], mask_BT)
        loss = cpgd_loss(*batch, epsilon=self.config.epsilon, drift=self.config.drift)
        region = trust_region(*batch, epsilon=self.config.epsilon)
        # A micro-batch weighs as much as it has tokens, whatever update it fell into.
        tokens = mask_BT.sum()
        share = tokens * self.config.updates / inputs["num_items_in_batch"].clamp(min=1)
        if tokens > 0:
            metrics = self._metrics["train"]
            metrics["policy_drift"].append(region.drift)
            metrics["clip_fraction"].append(region.clipped)
            metrics["entropy"].append(((entropy_BT * mask_BT).sum() / tokens).item())
        return loss * share


def _rollout(prompts: list[str], trainer: Any) -> dict[str, Any]:
    config, tokenizer = trainer.config, trainer.processing_class
    samples: list[Sample] = generate(
        trainer.sampler(torch.bfloat16),
        tokenizer,
        prompts,
        max_new_tokens=config.max_new_tokens,
        temperature=config.temperature,
        # one stream of draws per step, so that a resumed run draws as the killed one would have
        seed=config.seed * 1_000_003 + trainer.state.global_step,
    )
    return {
        "prompt_ids": [tokenizer(prompt).input_ids for prompt in prompts],
        "completion_ids": [sample.ids for sample in samples],
        "logprobs": None,
        "truncated": [sample.truncated for sample in samples],
    }
