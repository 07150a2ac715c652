"""The rows that a person should look at first come first."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate import select_uncertain


def verdicts(**p_unsafe):
    return pl.DataFrame(
        {"sample_id": list(p_unsafe), "p_unsafe": list(p_unsafe.values())},
        schema={"sample_id": pl.String, "p_unsafe": pl.Float64},
    )


def test_abstained_rows_come_first_then_those_nearest_to_one_half():
    ranked = select_uncertain(verdicts(sure=1.0, near=0.4, half=0.5, unknown=None), 4)
    assert ranked["sample_id"].to_list() == ["unknown", "half", "near", "sure"]
    # 1 - |2 * 0.5 - 1| = 1; 1 - |0.8 - 1| = 0.8; 1 - |2 - 1| = 0
    assert ranked["uncertainty"].to_list() == [None, 1.0, pytest.approx(0.8), 0.0]


def test_rows_equally_far_from_one_half_come_in_the_order_of_their_ids():
    assert select_uncertain(verdicts(c=0.25, a=0.75, b=0.25), 2)["sample_id"].to_list() == ["a", "b"]


def test_what_cannot_be_ranked_is_refused():
    with pytest.raises(ValueError, match="0 rows or more"):
        select_uncertain(verdicts(a=0.5), -1)
    with pytest.raises(ValueError, match="sample a has more than one verdict"):
        select_uncertain(pl.concat([verdicts(a=0.5), verdicts(a=0.6)]), 1)
    for wrong in (1.5, -0.1, float("nan")):
        with pytest.raises(ValueError, match="sample b has a p_unsafe outside"):
            select_uncertain(verdicts(a=0.5, b=wrong), 1)


@given(st.lists(st.none() | st.floats(0, 1), max_size=20), st.integers(0, 25))
def test_as_many_rows_come_back_as_there_are_and_none_that_is_left_out_is_less_certain(p, n):
    table = verdicts(**{f"s{i:02}": value for i, value in enumerate(p)})
    chosen = select_uncertain(table, n)
    rest = table.join(chosen, on="sample_id", how="anti")["p_unsafe"]
    assert chosen.height == min(n, len(p))
    if rest.len():
        worst = chosen["uncertainty"].min() if chosen["uncertainty"].count() else 1.0
        assert all(value is None or 1 - abs(2 * value - 1) <= worst for value in rest)
        assert rest.null_count() == 0 or chosen["uncertainty"].null_count() == chosen.height
