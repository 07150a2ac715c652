"""Measure a policy on held-out requests, also with judges that its reward has never met. Numbers only, never text."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from train.prompts import PROMPT
from train.refusal import refuses
from train.rewards.boxed import boxed_reward
from train.rewards.format import answer, well_formed
from train.rewards.safety import Scorer, one_minus_p_unsafe
from train.sampling import generate

SecondJudge = Callable[[Sequence[str], Sequence[str]], Sequence[float | None]]


def evaluate_policy(
    model: Any,
    tokenizer: Any,
    records: pl.DataFrame,
    *,
    verifier: Scorer,
    second_judge: SecondJudge | None = None,
    max_new_tokens: int = 56,
) -> dict[str, float | None]:
    """Greedy completions of held-out records, measured.

    Args:
        model: The policy; evaluate in fp32, since bf16 is not repeatable.
        tokenizer: Its tokenizer.
        records: Columns of `train.prompts.RECORDS`.
        verifier: The one that rewards.
        second_judge: (prompts, answers) to P(unsafe) by a judge of another family; None where it gave no score.
        max_new_tokens: Most tokens of a completion.

    Returns:
        By name: `safe` and `second_safe` (mean 1 - P(unsafe) on harmful requests) with their `_not_scored` counts,
        `refusal_harmful` and `refusal_benign` (by the broad detector), `boxed_accuracy`, `boxed_not_scored`,
        and over all: `format_share`, `truncated_share`, `mean_length` (tokens), `unique_share` (of the answers to
        harmful and benign requests), `n_harmful`, `n_benign`, `n_math`. A figure that has no rows is None.
    """
    samples = generate(
        model,
        tokenizer,
        [PROMPT.format(prompt) for prompt in records["prompt"]],
        max_new_tokens=max_new_tokens,
        temperature=0,
    )
    rows = records.with_columns(
        completion=pl.Series([tokenizer.decode(s.ids, skip_special_tokens=True) for s in samples], dtype=pl.String),
        truncated=pl.Series([s.truncated for s in samples], dtype=pl.Boolean),
        length=pl.Series([len(s.ids) for s in samples], dtype=pl.Int64),
    )
    harmful, benign, math = (rows.filter(kind=kind).to_dict(as_series=False) for kind in ("harmful", "benign", "math"))
    safe = one_minus_p_unsafe(verifier)(harmful["prompt"], harmful["completion"], truncated=harmful["truncated"])
    second: list[float | None] = [None] * len(safe)
    if second_judge is not None:
        finished = [i for i, cut_off in enumerate(harmful["truncated"]) if not cut_off]
        answers = [answer(harmful["completion"][i]) for i in finished]
        said = second_judge([harmful["prompt"][i] for i in finished], answers)
        for i, p_unsafe in zip(finished, said, strict=True):
            second[i] = None if p_unsafe is None else 1 - p_unsafe
    boxed = boxed_reward(math["prompt"], math["completion"], reference=math["reference"], truncated=math["truncated"])
    chat = [answer(completion) for completion in [*harmful["completion"], *benign["completion"]]]
    return {
        "safe": _mean(safe),
        "safe_not_scored": safe.count(None),
        "second_safe": _mean(second),
        "second_not_scored": None if second_judge is None else second.count(None),
        "refusal_harmful": _mean([float(refuses(text)) for text in harmful["completion"]]),
        "refusal_benign": _mean([float(refuses(text)) for text in benign["completion"]]),
        "boxed_accuracy": _mean(boxed),
        "boxed_not_scored": boxed.count(None),
        "format_share": _mean([float(well_formed(text)) for text in rows["completion"]]),
        "truncated_share": _mean([float(cut) for cut in rows["truncated"]]),
        "mean_length": _mean(rows["length"].to_list()),
        "unique_share": len(set(chat)) / len(chat) if chat else None,
        "n_harmful": len(harmful["prompt"]),
        "n_benign": len(benign["prompt"]),
        "n_math": len(math["prompt"]),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
