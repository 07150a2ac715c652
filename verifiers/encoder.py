"""The encoder behind a verifier: a prompt and a reply in, six logits out, or an abstention.

Axis suffixes: N rows, B rows of a batch, L labels, C categories, T tokens, D hidden units.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import torch
from scipy.special import softmax
from torch import Tensor, nn

from catalog.labels import SAFETY, UNSAFE_INDEX

VERDICT: dict[str, Any] = {
    "label": pl.String,
    "p_unsafe": pl.Float64,
    "probs": pl.List(pl.Float64),
    "category": pl.String,
    "abstained": pl.Boolean,
    "truncated": pl.Boolean,
}


@dataclass(frozen=True)
class Encoded:
    """One pair as the encoder takes it."""

    inputs: dict[str, list[int]]
    truncated: bool
    readable: bool  # both sides hold a token that the vocabulary knows
    unknown: float  # share of the pair's tokens that the vocabulary does not know

    def __len__(self) -> int:
        return len(self.inputs["input_ids"])


def encode(
    tokenizer: Any, prompts: Sequence[str | None], responses: Sequence[str | None], *, max_tokens: int
) -> list[Encoded]:
    """Tokenise pairs. Of one that is too long the head and tail of the prompt and the head of the reply stay.

    Text that looks like a special token is read as text: no prompt can close its own field.

    Args:
        tokenizer: A fast tokenizer of transformers.
        prompts: What was asked; None is read as empty.
        responses: What was answered; None is read as empty.
        max_tokens: Longest input, special tokens included.
    """
    if not prompts:
        return []
    pairs = tokenizer(
        [_text(prompt) for prompt in prompts],
        [_text(response) for response in responses],
        split_special_tokens=True,
        return_attention_mask=False,
        verbose=False,
    )
    encoded = []
    for n, texts in enumerate(zip(prompts, responses, strict=True)):
        sides = pairs.sequence_ids(n)
        ids = pairs["input_ids"][n]
        known = {side for side, token in zip(sides, ids, strict=True) if token != tokenizer.unk_token_id}
        kept = _kept(sides, max_tokens)
        inputs = {name: [values[n][t] for t in kept] for name, values in pairs.items()}
        unknown = sum(
            token == tokenizer.unk_token_id for side, token in zip(sides, ids, strict=True) if side is not None
        ) / len(ids)
        readable = {0, 1} <= known and all(_text(text).strip() for text in texts)
        encoded.append(Encoded(inputs, len(kept) < len(ids), readable, unknown))
    return encoded


def _text(value: str | None) -> str:
    # A lone surrogate is no text: no file can carry it and no tokenizer reads it.
    return "" if value is None or any("\ud800" <= c <= "\udfff" for c in value) else value


def _kept(sides: Sequence[int | None], max_tokens: int) -> Sequence[int]:
    if len(sides) <= max_tokens:
        return range(len(sides))
    special, prompt, response = ([t for t, side in enumerate(sides) if side == which] for which in (None, 0, 1))
    room = max_tokens - len(special)
    response = response[: max(room - len(prompt), room - room // 2)]
    asked = room - len(response)
    tail = asked // 2
    return sorted([*special, *prompt[: asked - tail], *prompt[len(prompt) - tail :], *response])


def padded(tokenizer: Any, rows: Sequence[Encoded], device: torch.device) -> dict[str, Tensor]:
    """Rows as tensors (B, T) of the longest row's length, with their attention mask."""
    batch = tokenizer.pad([row.inputs for row in rows], return_attention_mask=True, return_tensors="pt")
    return {name: tensor.to(device) for name, tensor in batch.items()}


class SafetyEncoder(nn.Module):
    """A plain six-label classifier with a category head beside it, which reads the same token as most classifiers."""

    def __init__(self, classifier: Any, categories: int) -> None:
        super().__init__()
        self.classifier = classifier
        self.category = nn.Linear(classifier.config.hidden_size, categories) if categories else None

    def forward(self, **inputs: Tensor) -> tuple[Tensor, Tensor | None]:
        """Logits (B, L) of the labels and (B, C) of the categories, or None where there is no such head."""
        output = self.classifier(**inputs, output_hidden_states=True)
        if self.category is None:
            return output.logits, None
        read_B = _place(self.classifier, inputs["attention_mask"])
        read_BD = output.hidden_states[-1][torch.arange(len(read_B), device=read_B.device), read_B]
        return output.logits, self.category(read_BD.to(output.logits.dtype))


def _place(classifier: Any, mask_BT: Tensor) -> Tensor:
    """Which token is read: the last one of a language model, where it has seen the others, else the first one."""
    parts = (getattr(part, "is_causal", False) for part in classifier.modules())
    causal = hasattr(classifier, "score") or any(parts)  # transformers names most heads of language models so
    return mask_BT.shape[1] - 1 - mask_BT.flip(1).argmax(1) if causal else mask_BT.argmax(1)


def label_loss(logit_BL: Tensor, allowed_BL: Tensor) -> Tensor:
    """Mean of -log P(one of the labels that the annotation leaves open), in nats.

    One label left open is cross-entropy; all but `Unsafe` is -log(1 - P(Unsafe)).

    Args:
        logit_BL: Logits.
        allowed_BL: bool, at least one label a row.

    Returns:
        Scalar.
    """
    open_BL = logit_BL.masked_fill(~allowed_BL, float("-inf"))
    return (logit_BL.logsumexp(-1) - open_BL.logsumexp(-1)).mean()


@dataclass(frozen=True)
class Prediction:
    """What the encoder says of N rows; logits are NaN where it abstained."""

    logit_NL: np.ndarray
    category_N: list[str | None]
    truncated_N: np.ndarray
    unknown_N: np.ndarray

    @property
    def abstained_N(self) -> np.ndarray:
        return np.isnan(self.logit_NL).any(axis=1)


@dataclass(frozen=True)
class Verifier:
    """A trained safety verifier. It abstains where it cannot read the whole input: see `score`."""

    model: SafetyEncoder
    tokenizer: Any
    categories: tuple[str, ...]
    max_tokens: int

    def score(
        self, prompts: Sequence[str | None], responses: Sequence[str | None], *, batch_size: int = 32
    ) -> pl.DataFrame:
        """Judge replies. One row each, in order; equal pairs are read once.

        It abstains, with every judgement null, where the pair is longer than `max_tokens` (then `truncated` is
        true) and where the prompt or the reply is missing, blank, or holds no token that the vocabulary knows.

        Args:
            prompts: What was asked, the text of a picture included.
            responses: What was answered.
            batch_size: Rows in one forward pass; the verdicts do not depend on it.

        Returns:
            label, p_unsafe (calibrated, 0 to 1), probs (in the order of `catalog.labels.SAFETY`), category,
            abstained, truncated.

        Raises:
            ValueError: If there are not as many prompts as replies.
        """
        said = self.predict(prompts, responses, batch_size=batch_size)
        probs_NL = softmax(said.logit_NL, axis=1)
        verdicts = [
            (None, None, None, None, True, bool(truncated))
            if abstained
            else (SAFETY[probs_L.argmax()], probs_L[UNSAFE_INDEX].item(), probs_L.tolist(), category, False, False)
            for probs_L, category, abstained, truncated in zip(
                probs_NL, said.category_N, said.abstained_N, said.truncated_N, strict=True
            )
        ]
        return pl.DataFrame(verdicts, schema=VERDICT, orient="row")

    def predict(
        self, prompts: Sequence[str | None], responses: Sequence[str | None], *, batch_size: int = 32
    ) -> Prediction:
        """Logits and categories of N pairs, abstentions marked; see `score`."""
        if len(prompts) != len(responses):
            raise ValueError(f"need as many prompts as replies: {len(prompts)} and {len(responses)}")
        asked = list(zip(prompts, responses, strict=True))
        unique = {pair: n for n, pair in enumerate(dict.fromkeys(asked))}
        rows = encode(self.tokenizer, [p for p, _ in unique], [r for _, r in unique], max_tokens=self.max_tokens)
        logit_NL = np.full((len(rows), len(SAFETY)), np.nan)
        category_N: list[str | None] = [None] * len(rows)
        for batch_B in _by_length(rows, batch_size):
            logit_BL, category_BC = self._forward([rows[n] for n in batch_B])
            logit_NL[batch_B] = logit_BL.double().cpu().numpy()
            if category_BC is not None:
                for n, c in zip(batch_B, category_BC.argmax(-1).tolist(), strict=True):
                    category_N[n] = self.categories[c]
        place_N = [unique[pair] for pair in asked]
        return Prediction(
            logit_NL[place_N],
            [category_N[n] for n in place_N],
            np.array([rows[n].truncated for n in place_N], dtype=bool),
            np.array([rows[n].unknown for n in place_N], dtype=float),
        )

    @torch.inference_mode()
    def _forward(self, rows: Sequence[Encoded]) -> tuple[Tensor, Tensor | None]:
        self.model.eval()
        said: tuple[Tensor, Tensor | None] = self.model(**padded(self.tokenizer, rows, self.model.classifier.device))
        return said


def _by_length(rows: Sequence[Encoded], batch_size: int) -> Iterator[list[int]]:
    whole = [n for n, row in enumerate(rows) if row.readable and not row.truncated]
    whole.sort(key=lambda n: len(rows[n]))
    for start in range(0, len(whole), batch_size):
        yield whole[start : start + batch_size]
