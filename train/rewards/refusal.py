"""A learned refusal judge for the reward. The run is watched by another one, `train.refusal`, that it never meets."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from train.rewards.format import answer

_PHRASES = Path(__file__).with_name("refusals.yaml")

Judge = Callable[[Sequence[str]], list[float]]


@cache
def refusal_judge() -> Judge:
    """A function from replies to P(refusal): character n-grams and logistic regression on authored replies.

    Character n-grams read English and Chinese alike. The rows include refusals that do not say so, and helpful
    replies that say "can't", since a policy finds both within minutes.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    phrases = yaml.safe_load(_PHRASES.read_text(encoding="utf-8"))
    replies = [*phrases["refusals"], *phrases["answers"]]
    refusing = [1] * len(phrases["refusals"]) + [0] * len(phrases["answers"])
    model = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True),
        LogisticRegression(C=30, max_iter=1000, class_weight="balanced"),
    ).fit(replies, refusing)
    return lambda texts: model.predict_proba(list(texts))[:, 1].tolist() if texts else []


def refusal_reward(prompts: Sequence[str], completions: Sequence[str], **columns: Any) -> list[float | None]:
    """P(refusal) of each answer, 0 to 1: a mix gives it a negative weight on benign requests."""
    return list(refusal_judge()([answer(completion) for completion in completions]))
