"""What counts: rows that are known to teach nothing fill no cell."""

import polars as pl

from synth.balance.targets import Targets


def worth_counting(
    members: pl.DataFrame, targets: Targets, *, wrong: pl.DataFrame | None = None, novelty: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Members without those that are known to teach nothing; what was not measured stays.

    Args:
        members: As `cells.members` gives them.
        targets: The band of difficulty and the least novelty.
        wrong: `prompt_id` and `wrong`, the share of its rollouts that were wrong (`difficulty.share_wrong`).
        novelty: `sample_id` and `novelty` (`novelty.novelty`).
    """
    if wrong is not None:
        band = pl.col("wrong").is_between(targets.difficulty.low, targets.difficulty.high)
        outside = wrong.filter(pl.col("wrong").is_not_null() & ~band)
        members = members.join(outside, on="prompt_id", how="anti")
    if novelty is not None:
        known = novelty.filter(pl.col("novelty") < targets.novelty.least)
        members = members.join(known, on="sample_id", how="anti")
    return members
