"""Quotas add up, keep to their bounds, and never move what one cell lacks to another."""

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from corpus.quotas import Bounds, apportion, wanted


def cells(*rows, by=("task", "language")):
    schema = dict.fromkeys(by, pl.String) | {"available": pl.Int64}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def quota(frame, **options):
    """{cell: wanted}."""
    by = [name for name in frame.columns if name != "available"]
    found = wanted(frame, by, **({"shares": {}} | options))
    return {tuple(row[:-2]): row[-2] for row in found.rows()}


@pytest.mark.parametrize(
    ("weights", "low", "high", "total", "share"),
    [
        ([1, 1, 1], [0, 0, 0], [9, 9, 9], 9, [3, 3, 3]),
        ([1, 1, 1], [0, 0, 0], [9, 9, 9], 10, [4, 3, 3]),  # equal remainders: the earlier cell
        ([5, 3, 1], [0, 0, 0], [99, 99, 99], 10, [6, 3, 1]),  # 5.56, 3.33, 1.11
        ([1, 1], [6, 0], [9, 9], 8, [6, 2]),  # a bound that meets a share
        ([3, 1], [0, 0], [4, 9], 8, [4, 4]),  # what one may not take, the other takes
        ([1, 0], [0, 2], [9, 9], 5, [3, 2]),  # without a weight: its least
        ([], [], [], 0, []),
    ],
)
def test_shares_worked_by_hand(weights, low, high, total, share):
    assert apportion(total, weights, low=low, high=high) == share


@pytest.mark.parametrize(
    ("low", "high", "total", "says"),
    [([5, 5], [9, 9], 8, "10 rows at least"), ([0, 0], [3, 3], 8, "6 at the most")],
)
def test_bounds_that_leave_no_room_are_refused(low, high, total, says):
    with pytest.raises(ValueError, match=says):
        apportion(total, [1, 1], low=low, high=high)


CELL = st.tuples(st.integers(0, 50), st.integers(0, 20), st.integers(0, 40))


@given(st.lists(CELL, min_size=1, max_size=9), st.integers(0, 200))
def test_whole_numbers_add_up_within_their_bounds(found, total):
    weights, low, room = zip(*found, strict=True)
    high = [least + more for least, more in zip(low, room, strict=True)]
    reach = sum(most if weight else least for weight, least, most in zip(weights, low, high, strict=True))
    assume(sum(low) <= total <= reach)
    share = apportion(total, weights, low=low, high=high)
    assert sum(share) == total
    assert all(least <= got <= most for least, got, most in zip(low, share, high, strict=True))
    free = [(w, got) for w, least, got, most in zip(weights, low, share, high, strict=True) if least < got < most]
    for weight, got in free:  # a larger weight never gets less, but for one row of rounding
        assert all(other_got >= got - 1 for other, other_got in free if other >= weight)


def test_without_shares_every_cell_gets_the_same():
    frame = cells(("safety", "en", 900), ("safety", "zh", 3), ("value", "en", 50))
    assert quota(frame, rows=30) == {("safety", "en"): 10, ("safety", "zh"): 10, ("value", "en"): 10}


def test_a_share_goes_to_the_cells_of_its_value_evenly():
    frame = cells(("safety", "en", 9), ("safety", "zh", 9), ("value", "en", 9))
    shares = {"language": {"en": 0.5, "zh": 0.5}}
    assert quota(frame, rows=20, shares=shares) == {("safety", "en"): 5, ("value", "en"): 5, ("safety", "zh"): 10}


def test_shares_of_labels_count_among_the_labels_of_their_task():
    frame = cells(
        ("safety", "Unsafe", 9), ("safety", "Safe with refusal", 9), ("value", "good", 9), by=("task", "label")
    )
    shares = {
        "task": {"safety": 0.8, "value": 0.2},
        "label": {"Unsafe": 3, "Safe with refusal": 1, "good": 1, "bad": 1},
    }
    assert quota(frame, rows=20, shares=shares) == {
        ("safety", "Unsafe"): 12,
        ("safety", "Safe with refusal"): 4,
        ("value", "good"): 2,
        ("value", "bad"): 2,  # not there at all, and so asked for in vain
    }


def test_a_task_whose_labels_have_no_share_is_shared_out_evenly():
    frame = cells(("safety", "Unsafe", 9), ("value", "good", 9), ("value", "bad", 9), by=("task", "label"))
    shares = {"task": {"safety": 0.5, "value": 0.5}, "label": {"Unsafe": 1}}
    assert quota(frame, rows=8, shares=shares) == {
        ("safety", "Unsafe"): 4,
        ("value", "bad"): 2,
        ("value", "good"): 2,
    }


def test_what_is_wanted_and_not_there_stands_in_a_cell_of_its_own():
    found = wanted(cells(("safety", "en", 9)), ["task", "language"], rows=10, shares={"language": {"en": 1, "zh": 1}})
    assert found.rows() == [("safety", "en", 5, 9), (None, "zh", 5, 0)]


def test_a_value_without_a_share_gets_nothing_unless_a_bound_names_it():
    frame = cells(("safety", "en", 9), ("safety", "bg", 9))
    shares = {"language": {"en": 1}}
    everywhere, named = Bounds(task="safety", least=2), Bounds(language="bg", least=2)
    assert quota(frame, rows=6, shares=shares, bounds=[everywhere])["safety", "bg"] == 0
    assert quota(frame, rows=6, shares=shares, bounds=[named]) == {("safety", "bg"): 2, ("safety", "en"): 4}


def test_of_two_bounds_the_later_counts():
    frame = cells(("safety", "en", 9), ("safety", "zh", 9), ("value", "en", 9))
    bounds = [Bounds(most=2), Bounds(task="value", most=9)]
    assert quota(frame, rows=9, bounds=bounds) == {("safety", "en"): 2, ("safety", "zh"): 2, ("value", "en"): 5}


def test_a_bound_whose_ends_are_turned_round_is_refused():
    with pytest.raises(ValueError, match="least 5 is more than most 2"):
        Bounds(least=5, most=2)


def test_without_bounds_ties_go_to_the_earlier():
    assert apportion(3, [1, 1]) == [2, 1]
