"""What a person should look at: samples that no judge scored, then those that judges disagree on or are unsure of."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from synth.judges.combine import entropy, majority
from synth.judges.judgement import Judgement
from synth.judges.votes import table

_ROWS: dict[str, Any] = {
    "sample_id": pl.String,
    "why": pl.String,
    "entropy": pl.Float64,
    "scored": pl.Int64,
    "unscored": pl.Int64,
    "said": pl.List(pl.String),
}


def to_review(
    judgements: Sequence[Judgement], *, panel: Sequence[Judgement] | None = None, above: float = 0.3
) -> pl.DataFrame:
    """Samples for review, the most open first.

    Args:
        judgements: Of one task, one for each judge and sample.
        panel: What the judges say together; by default what `majority` makes of them.
        above: Entropy (0 to 1) of the panel from which on a sample is unsure even where judges agree.

    Returns:
        `sample_id`, `why` (`not_scored`, `disagree` or `unsure`), `entropy` (null where the panel has no
        probabilities), how many judges scored the sample and how many did not, and the labels that were said.
        First those that nobody scored, then by falling entropy; a draw of the panel counts as 1.
    """
    votes = table(judgements)
    together = {one.sample_id: one for one in (majority(judgements) if panel is None else panel)}
    rows = []
    for sample_id, said_J in zip(votes.samples, votes.said_NJ, strict=True):
        given = said_J[said_J >= 0]
        said = [votes.labels[place] for place in np.unique(given)]
        one = together.get(sample_id)
        open_by = None if one is None else 1.0 if one.outcome == "ambiguous" else entropy(one)
        unsure = open_by is not None and open_by > above
        why = "not_scored" if not said else "disagree" if len(said) > 1 else "unsure" if unsure else None
        if why:
            rows.append((sample_id, why, open_by, len(given), len(said_J) - len(given), said))
    found = pl.DataFrame(rows, schema=_ROWS, orient="row")
    return found.sort(pl.col("why") != "not_scored", -pl.col("entropy"), "sample_id", nulls_last=True)
