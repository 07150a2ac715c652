"""How far judges agree beyond chance. A gap is no label: only samples that both, or two of them, scored count."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import polars as pl

from synth.judges.judgement import Judgement
from synth.judges.votes import table

_PAIRS = {"judge": pl.String, "other": pl.String, "both": pl.Int64, "agreed": pl.Int64, "kappa": pl.Float64}


class Alpha(NamedTuple):
    """Krippendorff's alpha, and on what it stands.

    `alpha` is None where nothing can be paired, or all paired labels are the same one and chance would agree as well.
    `pairable` labels stand in units with at least two; `left_out` units have one label or none.
    """

    alpha: float | None
    pairable: int
    left_out: int


def kappas(judgements: Sequence[Judgement]) -> pl.DataFrame:
    """Cohen's kappa of each pair of judges, over the samples that both scored.

    Returns:
        `judge`, `other`, `both` (samples that both scored), `agreed`, `kappa`; kappa is null where it is not defined.

    Source:
        Cohen 1960, "A coefficient of agreement for nominal scales".
    """
    votes = table(judgements)
    rows = []
    for (a, one), (b, other) in combinations(enumerate(votes.judges), 2):
        both_N = (votes.said_NJ[:, [a, b]] >= 0).all(axis=1)
        said_N, also_N = votes.said_NJ[both_N, a], votes.said_NJ[both_N, b]
        rows.append((one, other, len(said_N), int((said_N == also_N).sum()), _kappa(said_N, also_N)))
    return pl.DataFrame(rows, schema=_PAIRS, orient="row")


def _kappa(said_N: np.ndarray, also_N: np.ndarray) -> float | None:
    if len(said_N) == 0:
        return None
    labels = np.union1d(said_N, also_N)
    chance = sum((said_N == label).mean() * (also_N == label).mean() for label in labels)
    return None if len(labels) == 1 else float(((said_N == also_N).mean() - chance) / (1 - chance))


def krippendorff_alpha(units: Iterable[Iterable[Hashable | None]]) -> Alpha:
    """Agreement of any number of labellers on nominal labels, gaps allowed.

    Args:
        units: The labels that each unit got, None for a gap.

    Source:
        Krippendorff, "Computing Krippendorff's alpha-reliability", 2011: alpha = 1 - Do / De over pairable values.
    """
    kept = [[label for label in unit if label is not None] for unit in units]
    paired = [Counter(labels) for labels in kept if len(labels) > 1]
    total: Counter[Hashable] = sum(paired, Counter())
    n = total.total()
    left_out = len(kept) - len(paired)
    expected = n * n - sum(count * count for count in total.values())
    if not expected:
        return Alpha(None, n, left_out)
    sizes = [labels.total() for labels in paired]
    apart = [
        size * size - sum(count * count for count in labels.values())
        for labels, size in zip(paired, sizes, strict=True)
    ]
    observed = sum(unequal / (size - 1) for unequal, size in zip(apart, sizes, strict=True))
    return Alpha(1 - observed * (n - 1) / expected, n, left_out)
