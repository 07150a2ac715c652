"""Calibration figures against numbers worked by hand."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifiers import expected_calibration_error, fit_temperature, reliability


def positive_class_error(p: list[float], unsafe: list[int], *, bins: int) -> float:
    """Calibration error of the probability of one class over [0, 1], from the same table."""
    table = reliability(np.array(p), np.array(unsafe), low=0.0, bins=bins)
    return table.select(((pl.col("confidence") - pl.col("accuracy")).abs() * pl.col("n")).sum()).item() / len(p)


def test_ece_by_hand():
    p, unsafe = np.array([0.9, 0.2, 0.6, 0.3]), np.array([1, 1, 1, 1])
    # One bin. Confidences .9 .8 .6 .7 have mean .75; two of four are right: |.75 - .5| = .25
    assert expected_calibration_error(p, unsafe, bins=1) == pytest.approx(0.25)
    # Two bins, [.5,.75) and [.75,1]: (.6 right, .7 wrong) gives |.65 - .5|, (.9 right, .8 wrong) gives |.85 - .5|
    assert expected_calibration_error(p, unsafe, bins=2) == pytest.approx(0.5 * 0.15 + 0.5 * 0.35)


def test_ece_ends_at_zero_and_one():
    assert expected_calibration_error(np.array([1.0, 0.0]), np.array([1, 0])) == 0
    assert expected_calibration_error(np.array([1.0, 0.0]), np.array([0, 1])) == 1


def test_every_bin_holds_its_lower_edge_whatever_the_rounding():
    # fifteen bins have edges .5 + k/30; .6, .7 and .9 are edges 3, 6 and 12, though (.6 - .5) * 30 is below 3 in floats
    table = reliability(np.array([0.5, 0.6, 0.7, 0.9, 1.0]), np.ones(5))
    assert table["low"].to_list() == pytest.approx([0.5, 0.6, 0.7, 0.9, 0.5 + 14 / 30])
    assert table["n"].to_list() == [1] * 5


def test_values_on_the_edges_of_ten_bins_are_all_counted_once():
    p = [0.0, 0.0, 0.05, 0.1, 0.25, 0.5, 0.5, 0.95, 1.0, 1.0]
    unsafe = [1, 0, 0, 0, 1, 1, 0, 1, 0, 1]
    # [lo, hi), the last closed. Each bin gives |sum of p - number of unsafe| / 10:
    # {0 0 .05} .095, {.1} .01, {.25} .075, {.5 .5} 0, {.95 1 1} .095
    assert positive_class_error(p, unsafe, bins=10) == pytest.approx(0.275)
    assert reliability(np.array(p), np.array(unsafe), low=0.0, bins=10)["n"].sum() == 10


def test_a_constant_that_is_wrong_half_the_time_is_not_perfect():
    # |.9 - .5| = .4 in either reading
    assert positive_class_error([0.9] * 4, [1, 1, 0, 0], bins=10) == pytest.approx(0.4)
    assert expected_calibration_error(np.full(4, 0.9), np.array([1, 1, 0, 0])) == pytest.approx(0.4)


@pytest.mark.parametrize("p", [[], [0.5, 0.5], [float("nan")], [1.2]])
def test_ece_refuses_what_it_cannot_read(p):
    with pytest.raises(ValueError):
        expected_calibration_error(np.array(p), np.array([1]))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_ece_is_a_share_and_its_bins_hold_every_row(rows):
    p, unsafe = np.array([p for p, _ in rows]), np.array([unsafe for _, unsafe in rows])
    assert 0 <= expected_calibration_error(p, unsafe) <= 1
    assert reliability(np.maximum(p, 1 - p), unsafe)["n"].sum() == len(rows)


def test_temperature_undoes_a_known_overconfidence_of_six_labels():
    rng = np.random.default_rng(0)
    true_logit = rng.normal(0, 1.5, (20_000, 6))
    probs = np.exp(true_logit) / np.exp(true_logit).sum(axis=1, keepdims=True)
    label = (probs.cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    assert fit_temperature(3 * true_logit, np.eye(6, dtype=bool)[label]) == pytest.approx(3, rel=0.05)
    # the same with half of the rows only known as unsafe (label 3) or not
    allowed = np.eye(6, dtype=bool)[label]
    allowed[::2] = np.where((label[::2] == 3)[:, None], np.arange(6) == 3, np.arange(6) != 3)
    assert fit_temperature(3 * true_logit, allowed) == pytest.approx(3, rel=0.05)


def test_rows_that_are_all_right_do_not_make_a_verifier_certain():
    # 98 rows, margin 1, all right: likelihood alone would send T to 0; with doubt 1/100 the best confidence is .99,
    # where 1 / T = log(.99 / .01) = 4.595
    logit, allowed = np.tile([1.0, 0.0], (98, 1)), np.tile([True, False], (98, 1))
    assert fit_temperature(logit, allowed) == pytest.approx(1 / np.log(99), rel=1e-3)


def test_temperature_needs_rows_that_say_something():
    for allowed in (np.zeros((0, 6), bool), np.zeros((1, 6), bool), np.ones((1, 6), bool)):
        with pytest.raises(ValueError, match="at least one row"):
            fit_temperature(np.zeros((len(allowed), 6)), allowed)
