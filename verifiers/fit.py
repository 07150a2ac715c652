"""Fine-tune the encoder: deterministic for a seed, and resumable after any kill.

A state is the whole of what the next step depends on: weights, optimizer and random states. It is written beside its
final name and renamed, so a folder `state-N` is whole or not there.

Axis suffixes: N rows, B rows of a batch, L labels.
"""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import torch
from accelerate import Accelerator
from torch import nn

from verifiers.config import VerifierConfig
from verifiers.data import allowed_labels
from verifiers.encoder import SafetyEncoder, encode, label_loss, padded

Progress = Callable[[int, int, dict[str, Any]], None]
HEAD_SPEED = 10.0  # learning rate of the fresh heads over that of the pretrained layers
IGNORED = -100  # the target that cross_entropy leaves out: a row without a category

log = logging.getLogger(__name__)


class Fitted(NamedTuple):
    """What one call of `fit` did: the step it went on from (0 for a fresh start) and the rows it read from there."""

    resumed_from: int
    rows: int


def fit(
    model: SafetyEncoder,
    tokenizer: Any,
    rows: pl.DataFrame,
    *,
    config: VerifierConfig,
    categories: tuple[str, ...],
    workdir: Path,
    progress: Progress | None = None,
) -> Fitted:
    """Train the model in place on checked rows; go on from the last state in `workdir`, if there is one.

    Args:
        model: As `verifiers.backbone.new_model` gives it.
        tokenizer: The backbone's.
        rows: Rows of the train split, in a fixed order.
        config: Decides everything else.
        categories: Names of the category head's outputs.
        workdir: Where the states are; for these rows and this config alone.
        progress: Called after every step with step, number of steps and numbers to show.

    Raises:
        ValueError: If several processes were launched: a small encoder trains on one device.
    """
    accelerator = Accelerator()
    if accelerator.num_processes > 1:
        raise ValueError(f"a verifier trains on one device; {accelerator.num_processes} processes were launched")
    encoded = encode(
        tokenizer,
        rows["prompt"].to_list(),
        rows["response"].to_list(),
        max_tokens=min(config.train_tokens, config.max_tokens),
    )
    plan = [
        batch_B for epoch in range(config.epochs) for batch_B in batches([len(row) for row in encoded], epoch, config)
    ]
    allowed_NL = torch.from_numpy(allowed_labels(rows))
    category_N = torch.tensor([categories.index(c) if c in categories else IGNORED for c in rows["category"]])
    groups = _groups(model)
    optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=config.weight_decay)
    prepared, optimizer = accelerator.prepare(model, optimizer)
    bf16 = fast_bf16()
    torch.manual_seed(config.seed)
    start = _resume(accelerator, workdir)
    prepared.train()
    for step in range(start, len(plan)):
        batch_B = plan[step]
        for group in optimizer.param_groups:
            group["lr"] = group["speed"] * config.learning_rate * schedule(step, len(plan), config.warmup)
        inputs = padded(tokenizer, [encoded[n] for n in batch_B], accelerator.device)
        with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=bf16):
            logit_BL, category_BC = prepared(**inputs)
        loss = label_loss(logit_BL.float(), allowed_NL[batch_B].to(accelerator.device))
        if category_BC is not None:
            target_B = category_N[batch_B].to(accelerator.device)
            loss = loss + config.category_weight * _category_loss(category_BC.float(), target_B)
        accelerator.backward(loss)
        accelerator.clip_grad_norm_([p for group in groups for p in group["params"]], 1.0)
        optimizer.step()
        optimizer.zero_grad()
        done = step + 1
        if done % config.save_every == 0 or done == len(plan):
            _save(accelerator, workdir, done)
        if progress:
            progress(done, len(plan), {"loss": loss.item(), "resumed_from": start})
    accelerator.unwrap_model(prepared, keep_fp32_wrapper=False)  # measured as it will be loaded: in float32
    accelerator.free_memory()
    return Fitted(start, sum(map(len, plan[start:])))


def _groups(model: SafetyEncoder) -> list[dict[str, Any]]:
    """Parameters that learn: what is pretrained at the set rate, the fresh heads and the pooler before them faster."""
    base = model.classifier.base_model
    pretrained = {parameter for name, parameter in base.named_parameters() if not name.startswith("pooler")}
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in learning if p in pretrained], "speed": 1.0},
        {"params": [p for p in learning if p not in pretrained], "speed": HEAD_SPEED},
    ]


def fast_bf16() -> bool:
    """Whether this device multiplies bfloat16 in hardware; elsewhere it is emulated, and slower than float32."""
    return torch.cuda.is_available() or bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def schedule(step: int, steps: int, warmup: float) -> float:
    """Share of the peak learning rate: it rises over the first `warmup` of the steps, then falls to 0 on a line."""
    rise = round(steps * warmup)
    if step < rise:
        return (step + 1) / rise
    return (steps - step) / max(1, steps - rise)


def batches(lengths: list[int], epoch: int, config: VerifierConfig) -> list[list[int]]:
    """Rows of like length together, as many as `batch_tokens` holds with padding; batches in random order.

    Lengths are jittered by up to a tenth, so that two epochs do not share their batches.
    """
    rng = np.random.default_rng([config.seed, epoch])
    order = np.argsort(np.array(lengths) * rng.uniform(0.9, 1.1, len(lengths)), kind="stable")
    made: list[list[int]] = []
    longest = 0
    for n in order.tolist():
        longest = max(longest, lengths[n])
        if not made or longest * (len(made[-1]) + 1) > config.batch_tokens:
            made.append([])
            longest = lengths[n]
        made[-1].append(n)
    return [made[i] for i in rng.permutation(len(made))]


def _category_loss(logit_BC: torch.Tensor, target_B: torch.Tensor) -> torch.Tensor:
    """Cross-entropy over the rows that have a category; 0 where none has."""
    known_B = target_B != IGNORED
    return nn.functional.cross_entropy(logit_BC, target_B, ignore_index=IGNORED, reduction="sum") / max(
        1, int(known_B.sum())
    )


def _states(workdir: Path) -> dict[int, Path]:
    return {int(path.name.removeprefix("state-")): path for path in workdir.glob("state-*")}


def _resume(accelerator: Accelerator, workdir: Path) -> int:
    states = _states(workdir)
    if not states:
        return 0
    step = max(states)
    accelerator.load_state(str(states[step]))
    log.info("training goes on from step %d in %s", step, workdir)
    return step


def _save(accelerator: Accelerator, workdir: Path, step: int) -> None:
    old = _states(workdir)
    beside = workdir / "saving"
    shutil.rmtree(beside, ignore_errors=True)
    accelerator.save_state(str(beside))
    beside.rename(workdir / f"state-{step:08d}")
    for path in old.values():
        shutil.rmtree(path)
