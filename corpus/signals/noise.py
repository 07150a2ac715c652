"""How doubtful a label is: what its neighbours say, and what a verifier says that did not learn from it.

Axes: N rows, K neighbours.
"""

import numpy as np
import polars as pl

from corpus.signals.neighbours import Nearest


def neighbour_noise(label: pl.Series, found: Nearest) -> pl.Series:
    """Share of the labelled neighbours, each counted by its cosine, whose label differs.

    Args:
        label: Label of each row of one task, null where it has none.
        found: Their neighbours, as `nearest` gives them for these rows.

    Returns:
        0 to 1; null for a row without a label, or without a labelled neighbour at an acute angle.

    Source:
        Zhu, Dong, Liu 2022, arXiv 2110.06283 (Detecting corrupted labels without training a model to predict).
    """
    codes, label_N = np.unique(label.fill_null("").to_numpy(), return_inverse=True)
    unknown_N = np.append(label.is_null().to_numpy(), True)  # the last stands for a neighbour that is not there
    label_N = np.append(label_N, len(codes))
    weight_NK = np.where(unknown_N[found.at_NK], 0, np.clip(np.nan_to_num(found.cosine_NK), 0, None))
    differs_NK = label_N[found.at_NK] != label_N[:-1, None]
    total_N = weight_NK.sum(axis=1)
    told_N = (total_N > 0) & ~unknown_N[:-1]
    share_N = (weight_NK * differs_NK).sum(axis=1) / np.where(told_N, total_N, 1)
    return pl.Series("neighbour_noise", np.where(told_N, share_N, np.nan)).fill_nan(None)


def verdict_noise(*, label: pl.Expr, unsafe: pl.Expr, probs: pl.Expr, p_unsafe: pl.Expr, labels: list[str]) -> pl.Expr:
    """1 - the probability that a verifier gives to the label the row has (self-confidence).

    Args:
        label: One of `labels`, null where only the binary reading is known.
        unsafe: The binary reading, which counts where there is no label.
        probs: Probability of each label, in the order of `labels`, of a verifier that did not train on the row.
        p_unsafe: Its P(Unsafe); null where it abstained.
        labels: The labels of the task.

    Returns:
        0 to 1; null without a label or a verdict.

    Source:
        Northcutt, Jiang, Chuang 2021, Confident learning: estimating uncertainty in dataset labels, JAIR 70.
    """
    place = label.replace_strict({name: at for at, name in enumerate(labels)}, default=None, return_dtype=pl.Int64)
    own = probs.list.get(place, null_on_oob=True)
    binary = pl.when(unsafe).then(p_unsafe).when(~unsafe).then(1 - p_unsafe)
    confidence = pl.when(label.is_not_null()).then(own).otherwise(binary)
    return 1 - pl.when(p_unsafe.is_not_null()).then(confidence)


def label_noise(*views: pl.Expr) -> pl.Expr:
    """The mean of those views that are known, 0 to 1; null where none is."""
    return pl.mean_horizontal(*views, ignore_nulls=True)
