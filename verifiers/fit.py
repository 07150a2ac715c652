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
from transformers import AutoModelForSequenceClassification

from catalog.labels import SAFETY
from verifiers.config import VerifierConfig
from verifiers.data import allowed_labels
from verifiers.encoder import SafetyEncoder, encode, label_loss, padded
from verifiers.quiet import quiet

Progress = Callable[[int, int, dict[str, Any]], None]
IGNORED = -100  # the target that cross_entropy leaves out: a row without a category

log = logging.getLogger(__name__)


class Fitted(NamedTuple):
    """What one call of `fit` did: the step it went on from (0 for a fresh start) and the rows it read from there."""

    resumed_from: int
    rows: int


def new_model(backbone: Path, categories: int, *, config: VerifierConfig) -> SafetyEncoder:
    """The backbone with fresh heads, its lowest layers frozen as the config says."""
    torch.manual_seed(config.seed)
    with quiet():
        classifier = AutoModelForSequenceClassification.from_pretrained(
            backbone,
            num_labels=len(SAFETY),
            id2label=dict(enumerate(SAFETY)),
            label2id={label: i for i, label in enumerate(SAFETY)},
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
        )
    model = SafetyEncoder(classifier, categories)
    _freeze(classifier, config.frozen_layers)
    return model


def _freeze(classifier: Any, frozen: int) -> None:
    """Everything below layer number `frozen` keeps its weights, embeddings included: backward stops there."""
    base, depth = classifier.base_model, classifier.config.num_hidden_layers
    if not frozen:
        return
    if frozen >= depth:
        raise ValueError(f"frozen_layers is {frozen}, but the backbone has {depth} layers; at least one must learn")
    layers = next(part for part in base.modules() if isinstance(part, nn.ModuleList) and len(part) == depth)
    first_to_learn = next(layers[frozen].parameters())
    for parameter in base.parameters():  # in the order in which the input meets them
        if parameter is first_to_learn:
            return
        parameter.requires_grad_(False)


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
        model: As `new_model` gives it.
        tokenizer: The backbone's.
        rows: Rows of the train split, in a fixed order.
        config: Decides everything else.
        categories: Names of the category head's outputs.
        workdir: Where the states are; for these rows and this config alone.
        progress: Called after every step with step, number of steps and numbers to show.

    Raises:
        ValueError: If several processes were launched: a small encoder trains on one device.
    """
    accelerator = Accelerator(mixed_precision="bf16" if fast_bf16() else "no")
    if accelerator.num_processes > 1:
        raise ValueError(f"a verifier trains on one device; {accelerator.num_processes} processes were launched")
    encoded = encode(
        tokenizer, rows["prompt"].to_list(), rows["response"].to_list(), max_tokens=config.train_tokens
    )
    plan = [
        batch_B for epoch in range(config.epochs) for batch_B in batches([len(row) for row in encoded], epoch, config)
    ]
    allowed_NL = torch.from_numpy(allowed_labels(rows))
    category_N = torch.tensor([categories.index(c) if c in categories else IGNORED for c in rows["category"]])
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=config.learning_rate, weight_decay=config.weight_decay)
    prepared, optimizer = accelerator.prepare(model, optimizer)
    torch.manual_seed(config.seed)
    start = _resume(accelerator, workdir)
    prepared.train()
    for step in range(start, len(plan)):
        batch_B = plan[step]
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * schedule(step, len(plan), config.warmup)
        loss = _loss(
            prepared,
            padded(tokenizer, [encoded[n] for n in batch_B], accelerator.device),
            allowed_NL[batch_B].to(accelerator.device),
            category_N[batch_B].to(accelerator.device),
            config.category_weight,
        )
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        done = step + 1
        if done % config.save_every == 0 or done == len(plan):
            _save(accelerator, workdir, done)
        if progress:
            progress(done, len(plan), {"loss": loss.item(), "resumed_from": start})
    accelerator.unwrap_model(prepared, keep_fp32_wrapper=False)  # or the model would be measured in bfloat16
    accelerator.free_memory()
    return Fitted(start, sum(map(len, plan[start:])))


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


def _loss(
    model: nn.Module, inputs: dict[str, Any], allowed_BL: torch.Tensor, category_B: torch.Tensor, weight: float
) -> torch.Tensor:
    logit_BL, category_BC = model(**inputs)
    loss = label_loss(logit_BL.float(), allowed_BL)
    if category_BC is not None and (category_B != IGNORED).any():
        loss = loss + weight * nn.functional.cross_entropy(category_BC.float(), category_B, ignore_index=IGNORED)
    return loss


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


