"""Helpfulness on a benign request: how close an answer comes to a reference reply.

Axis suffixes: N texts, T tokens, D dimensions of the embedding.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from train.rewards import Reward
from train.rewards.format import answer

Embed = Callable[[Sequence[str]], Tensor]


def sentence_encoder(path: Path, *, max_tokens: int = 128, batch: int = 64) -> Embed:
    """A function from N texts to unit vectors (N, D): the mean over tokens of a frozen encoder's last layer.

    Args:
        path: A Hugging Face directory, such as all-MiniLM-L6-v2 for English or multilingual-e5-small.
        max_tokens: Tokens read of each text.
        batch: Texts in one pass.

    Source:
        Reimers and Gurevych 2019, arXiv 1908.10084 (mean pooling).
    """
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(path)
    model = AutoModel.from_pretrained(path, dtype=torch.float32).eval()

    @torch.inference_mode()
    def embed(texts: Sequence[str]) -> Tensor:
        vectors = []
        for start in range(0, len(texts), batch):
            inputs = tokenizer(
                list(texts[start : start + batch]),
                padding=True,
                truncation=True,
                max_length=max_tokens,
                return_tensors="pt",
            )
            hidden_NTD = model(**inputs).last_hidden_state
            mask_NT1 = inputs["attention_mask"].unsqueeze(-1)
            mean_ND = (hidden_NTD * mask_NT1).sum(1) / mask_NT1.sum(1)
            vectors.append(torch.nn.functional.normalize(mean_ND, dim=-1))
        return torch.cat(vectors) if vectors else torch.zeros(0, model.config.hidden_size)

    return embed


def closeness(embed: Embed, *, ceiling: float = 0.8) -> Reward:
    """Reward the cosine between answer and reference reply, from 0 up to a ceiling.

    The ceiling leaves nothing to gain by copying the reference word for word. A row without a reference and a
    truncated completion are not scored; an empty answer is worth 0.

    Args:
        embed: A sentence encoder.
        ceiling: Cosine from which on an answer is as good as can be, 0 to 1.
    """

    def helpfulness(
        prompts: Sequence[str],
        completions: Sequence[str],
        *,
        reference: Sequence[str | None],
        truncated: Sequence[bool],
        **columns: Any,
    ) -> list[float | None]:
        answers = [answer(completion) for completion in completions]
        rewards: list[float | None] = [
            0.0 if reply and not cut_off else None for reply, cut_off in zip(reference, truncated, strict=True)
        ]
        rows = [i for i, reward in enumerate(rewards) if reward is not None and answers[i]]
        cosine_N = (embed([answers[i] for i in rows]) * embed([reference[i] or "" for i in rows])).sum(-1)
        for i, cosine in zip(rows, cosine_N.clamp(0, ceiling).tolist(), strict=True):
            rewards[i] = cosine / ceiling
        return rewards

    return helpfulness


def check_references(references: Iterable[tuple[str, str | None]]) -> None:
    """Refuse benign records without a reference reply, before the run: nothing could score them.

    Args:
        references: (sample_id, reference reply) pairs.

    Raises:
        ValueError: Naming the records.
    """
    missing = [sample_id for sample_id, reply in references if not (reply or "").strip()]
    if missing:
        raise ValueError(
            f"{len(missing)} benign records have no reference reply, the first {missing[0]}; "
            "add `reference` or leave them out"
        )
