"""Which rows a person should look at first."""

import polars as pl


def select_uncertain(verdicts: pl.DataFrame, n: int) -> pl.DataFrame:
    """The n rows that a verifier knows least about, least certain first.

    Rows it abstained from come before all others: nothing is known of them, and what cannot be scored must be judged
    by a person or not be used. Filter them out beforehand where they are not wanted. Equal rows come in the order of
    their ids.

    Args:
        verdicts: Rows of the `verdicts` table, of one checkpoint: `sample_id`, `p_unsafe` in [0, 1], null where
            abstained.
        n: How many; fewer come back where there are fewer.

    Returns:
        The rows with a column `uncertainty` = 1 - |2 p_unsafe - 1|: 1 at the boundary, 0 where certain, null where
        abstained.

    Raises:
        ValueError: If n is negative, a sample has two verdicts, or a probability is outside [0, 1].

    Source:
        Least-confidence sampling: Lewis and Gale 1994, arXiv cmp-lg/9407020, section 3.
    """
    if n < 0:
        raise ValueError(f"n is {n}: ask for 0 rows or more")
    if verdicts["sample_id"].is_duplicated().any():
        twice = verdicts.filter(pl.col("sample_id").is_duplicated())["sample_id"][0]
        raise ValueError(f"sample {twice} has more than one verdict: keep those of one checkpoint")
    if not verdicts["p_unsafe"].drop_nulls().is_between(0, 1).all():  # NaN is not between
        wrong = verdicts.filter(~pl.col("p_unsafe").is_between(0, 1))["sample_id"][0]
        raise ValueError(
            f"sample {wrong} has a p_unsafe outside [0, 1]: expected a probability, or null where abstained"
        )
    ranked = verdicts.with_columns(uncertainty=1 - (2 * pl.col("p_unsafe") - 1).abs())
    return ranked.sort("uncertainty", "sample_id", descending=[True, False], nulls_last=False).head(n)
