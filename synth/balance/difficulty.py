"""How hard a prompt is: how often a policy gets it wrong, and how unsure a verifier is of a reply."""

import duckdb
import polars as pl

# Replies that a policy should not have given.
WRONG = {
    "safety": ("Unsafe", "Unnecessary refusal", "Illogical completion"),
    "value": ("bad",),
    "knowledge": ("FALSE",),
}


def rollouts(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The judged rollouts of the catalog.

    Args:
        connection: The catalog, from `catalog.read_model.connect`.

    Returns:
        One row per rollout: `prompt_id`, `sample_id`, and `wrong`, null where no judge gave a label.
    """
    found = pl.DataFrame(
        connection.sql(
            """
            select s.prompt_id, s.sample_id, l.task, l.label
            from samples s left join labels l using (sample_id)
            where s.sample_id in (select child_id from lineage where split_part(relation, '@', 1) = 'rollout')
            order by all"""
        ).to_arrow_table()
    )
    bad = [
        pl.struct(pl.lit(task).alias("task"), pl.lit(label).alias("label"))
        for task, ls in WRONG.items()
        for label in ls
    ]
    wrong = pl.any_horizontal(pl.struct("task", "label") == one for one in bad)
    return found.select("prompt_id", "sample_id", wrong=pl.when(pl.col("label").is_not_null()).then(wrong))


def share_wrong(rollouts: pl.DataFrame, *, least: int = 4) -> pl.DataFrame:
    """Share of the judged rollouts of each prompt that are wrong.

    With k rollouts and a policy that is wrong with probability p, the standard error is sqrt(p (1 - p) / k): 0.25 at
    the most for k = 4, so a band of 0.2 to 0.8 there means neither none nor all.

    Args:
        rollouts: `prompt_id` and `wrong`, null where it was not judged.
        least: Judged rollouts below which nothing is said.

    Returns:
        One row per prompt: `prompt_id`, `wrong` (0 to 1; null where too few were judged), `judged`, `not_judged`.
    """
    judged = pl.col("wrong").count()
    return (
        rollouts.group_by("prompt_id")
        .agg(
            wrong=pl.when(judged >= least).then(pl.col("wrong").cast(pl.Float64).mean()),
            judged=judged.cast(pl.Int64),
            not_judged=pl.col("wrong").null_count().cast(pl.Int64),
        )
        .sort("prompt_id")
    )


def distance_from_even(p_unsafe: pl.Series) -> pl.Series:
    """|p - 0.5|: 0 where a verifier cannot tell, 0.5 where it is sure; null where it abstained."""
    return (p_unsafe.cast(pl.Float64) - 0.5).abs()
