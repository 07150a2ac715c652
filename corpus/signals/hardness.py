"""How hard a row is: how far from sure a policy or a verifier is about it."""

import polars as pl


def difficulty(*, wrong: pl.Expr, p_unsafe: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """1 - |2p - 1|: 1 where a policy is wrong half of the time or a verifier cannot tell, 0 where both are sure.

    Rollouts count before a verdict: they show what a policy does, a verdict only what a verifier thinks of one reply.

    Args:
        wrong: Share of the judged rollouts of the prompt that are wrong, null where too few were judged.
        p_unsafe: P(Unsafe) of a verifier for the row itself, null where it abstained.

    Returns:
        The difficulty, 0 to 1, and what it comes from, `rollouts` or `verdict`; both null where neither is known.
    """
    wrong, p_unsafe = (value.cast(pl.Float64).fill_nan(None) for value in (wrong, p_unsafe))
    hard = 1 - (2 * pl.coalesce(wrong, p_unsafe) - 1).abs()
    source = pl.when(wrong.is_not_null()).then(pl.lit("rollouts")).when(p_unsafe.is_not_null()).then(pl.lit("verdict"))
    return hard, source
