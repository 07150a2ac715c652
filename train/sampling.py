"""Generation for small models: left-padded batches that finished rows leave.

Axis suffixes: B rows still running, T tokens, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Sample:
    """One completion. `ids` ends with the end token, unless it was cut off."""

    ids: list[int]
    truncated: bool


@torch.no_grad()
def generate(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[str],
    *,
    max_new_tokens: int,
    temperature: float = 1.0,
    seed: int = 0,
    batch: int = 64,
) -> list[Sample]:
    """Complete every prompt, shortest first, in the type of the model's weights.

    Args:
        model: A causal language model with `eos_token_id` in its config.
        tokenizer: Its tokenizer, with a pad token.
        prompts: Finished prompts.
        max_new_tokens: Most tokens of a completion, the end token included.
        temperature: Softmax temperature; 0 takes the most probable token.
        seed: Seed of the draws: the same weights, prompts and seed give the same completions.
        batch: Rows generated together.
    """
    ids = [tokenizer(prompt).input_ids for prompt in prompts]
    order = sorted(range(len(ids)), key=lambda i: (len(ids[i]), i))
    draws = torch.Generator().manual_seed(seed)
    training = model.training
    samples: dict[int, Sample] = {}
    model.eval()
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        completions = _batch(model, tokenizer, [ids[i] for i in rows], max_new_tokens, temperature, draws)
        samples.update(zip(rows, completions, strict=True))
    model.train(training)
    return [samples[i] for i in range(len(prompts))]


def _batch(
    model: Any,
    tokenizer: Any,
    prompts: list[list[int]],
    max_new_tokens: int,
    temperature: float,
    draws: torch.Generator,
) -> list[Sample]:
    from transformers import DynamicCache

    end = model.config.eos_token_id
    ends = torch.tensor(end if isinstance(end, list) else [end])
    width = max(map(len, prompts))
    token_BT = torch.tensor([[tokenizer.pad_token_id] * (width - len(p)) + p for p in prompts])
    mask_BT = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    position_BT = (mask_BT.cumsum(1) - 1).clamp(min=0)
    cache = DynamicCache(config=model.config)
    written: list[list[int]] = [[] for _ in prompts]
    finished = [False] * len(prompts)
    running_B = torch.arange(len(prompts))
    for _ in range(max_new_tokens):
        logits_BV = model(
            input_ids=token_BT,
            attention_mask=mask_BT,
            position_ids=position_BT,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        drawn_B = _draw(logits_BV.float(), temperature, draws)
        over_B = torch.isin(drawn_B, ends)
        for row, token, over in zip(running_B.tolist(), drawn_B.tolist(), over_B.tolist(), strict=True):
            if not finished[row]:
                written[row].append(token)
                finished[row] = over
        left_B = torch.tensor([not finished[row] for row in running_B.tolist()])
        if not left_B.any():
            break
        position_BT = position_BT[:, -1:] + 1
        if left_B.float().mean() < 0.75:  # moving the cache has a price, so not for every row that ends
            rows_B = left_B.nonzero().squeeze(1)
            cache.batch_select_indices(rows_B)
            running_B, drawn_B, mask_BT, position_BT = (x[rows_B] for x in (running_B, drawn_B, mask_BT, position_BT))
        mask_BT = torch.cat([mask_BT, torch.ones(len(drawn_B), 1, dtype=mask_BT.dtype)], 1)
        token_BT = drawn_B.unsqueeze(1)
    return [Sample(ids, not over) for ids, over in zip(written, finished, strict=True)]


def _draw(logits_BV: Tensor, temperature: float, draws: torch.Generator) -> Tensor:
    if temperature == 0:
        return logits_BV.argmax(-1)
    return torch.multinomial(torch.softmax(logits_BV / temperature, -1), 1, generator=draws).squeeze(1)
