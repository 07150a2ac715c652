"""The cold start: a base model learns the reply format from a few hundred (prompt, completion) pairs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor

from train.config import SFTConfig
from train.prompts import Pair

IGNORED = -100  # label of a token that the loss does not count


def finetune(
    source: Path,
    target: Path,
    pairs: Sequence[Pair],
    config: SFTConfig,
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> float:
    """Train on completion tokens and the end token, with frozen embeddings, and write the model.

    Args:
        source: Hugging Face directory of a causal language model.
        target: Directory to write, in fp32.
        pairs: Finished prompts and completions.
        config: Epochs, batch size and learning rate.
        seed: Orders the batches: the same seed on the same machine gives the same weights.
        progress: Called with the batches done and the batches in all.

    Returns:
        Mean loss over the last quarter of the batches, in nats per token.

    Raises:
        ValueError: If there are no pairs, or the loss is no number.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if not pairs:
        raise ValueError("no pairs to train on")
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(source)
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32).train()
    model.get_input_embeddings().weight.requires_grad_(False)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=config.learning_rate, weight_decay=0.0, betas=(0.9, 0.98))
    rows = [_tokens(tokenizer, pair) for pair in pairs]
    batches = _batches([len(ids) for ids, _ in rows], config, Random(seed))
    losses = []
    for done, batch in enumerate(batches):
        for group in optimizer.param_groups:  # short warm-up, then a straight line down
            group["lr"] = config.learning_rate * min(1, (done + 1) / 5) * (1 - done / len(batches))
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(**_padded([rows[i] for i in batch], tokenizer.pad_token_id)).loss
        if not torch.isfinite(loss):
            raise ValueError(f"the loss of batch {done} is {loss.item()}; lower sft.learning_rate")
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        losses.append(loss.item())
        if progress:
            progress(done + 1, len(batches))
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    last = losses[-max(1, len(losses) // 4) :]
    return sum(last) / len(last)


def _tokens(tokenizer: Any, pair: Pair) -> tuple[list[int], int]:
    prompt = tokenizer(pair[0]).input_ids
    completion = tokenizer(pair[1], add_special_tokens=False).input_ids
    return prompt + completion + [tokenizer.eos_token_id], len(prompt)


def _batches(lengths: Sequence[int], config: SFTConfig, rng: Random) -> list[list[int]]:
    """Rows of like length together, and the batches in random order."""
    batches = []
    for _ in range(config.epochs):
        order = sorted(range(len(lengths)), key=lambda i: lengths[i] + 16 * rng.random())
        epoch = [order[start : start + config.batch] for start in range(0, len(order), config.batch)]
        rng.shuffle(epoch)
        batches += epoch
    return batches


def _padded(rows: list[tuple[list[int], int]], pad: int) -> dict[str, Tensor]:
    width = max(len(ids) for ids, _ in rows)
    fill = [width - len(ids) for ids, _ in rows]
    return {
        "input_ids": torch.tensor([ids + [pad] * n for (ids, _), n in zip(rows, fill, strict=True)]),
        "attention_mask": torch.tensor([[1] * len(ids) + [0] * n for (ids, _), n in zip(rows, fill, strict=True)]),
        "labels": torch.tensor(
            [[IGNORED] * cut + ids[cut:] + [IGNORED] * n for (ids, cut), n in zip(rows, fill, strict=True)]
        ),
    }
