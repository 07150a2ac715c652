"""Signals worked by hand; null where they cannot be told."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.labels import SAFETY
from corpus.signals import difficulty, label_noise, nearest, neighbour_noise, verdict_noise
from corpus.signals.lists import centres, nearest_centres, units


def at(*degrees):
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def test_the_nearest_first_and_never_itself():
    found = nearest(at(0, 10, 90), k=2)
    assert found.at_NK.tolist() == [[1, 2], [0, 2], [1, 0]]
    expected = np.cos(np.radians([[10, 90], [10, 80], [80, 90]]))
    assert found.cosine_NK == pytest.approx(expected, abs=1e-6)


def test_a_copy_is_the_nearest_at_one_and_never_above():
    found = nearest(at(33, 33, 200), k=1)
    assert found.at_NK[:2, 0].tolist() == [1, 0]
    assert found.cosine_NK[:2, 0] == pytest.approx(1, abs=1e-6) and found.cosine_NK.max() <= 1


def test_where_there_is_nobody_there_is_no_cosine():
    alone = nearest(at(0), k=2)
    assert alone.at_NK.tolist() == [[-1, -1]] and np.isnan(alone.cosine_NK).all()
    empty = nearest(np.zeros((3, 2), np.float32), k=1)
    assert (empty.at_NK == -1).all() and np.isnan(empty.cosine_NK).all()
    assert nearest(np.zeros((0, 2), np.float32), k=3).at_NK.shape == (0, 3)


@given(st.integers(0, 2**16), st.integers(2, 30), st.integers(1, 5), st.integers(3, 9))
def test_blocks_change_nothing(seed, rows, k, block):
    vectors = np.random.default_rng(seed).normal(size=(rows, 4)).astype(np.float32)
    whole = nearest(vectors, k=k)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("corpus.signals.neighbours.BLOCK", block)
        cut = nearest(vectors, k=k)
    np.testing.assert_allclose(cut.cosine_NK, whole.cosine_NK, atol=1e-6)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -np.inf)
    expected = -np.sort(-cosine, axis=1)[:, :k]
    np.testing.assert_allclose(whole.cosine_NK[:, : rows - 1], expected[:, : rows - 1], atol=1e-5)


def test_lists_find_nearly_all_that_all_pairs_find(monkeypatch):
    rng = np.random.default_rng(0)
    hearts = rng.normal(size=(40, 16)).repeat(25, axis=0)
    vectors = (hearts + 0.3 * rng.normal(size=hearts.shape)).astype(np.float32)
    every = nearest(vectors, k=5, exact=True)
    monkeypatch.setattr("corpus.signals.lists.EXACT", 100)
    found = nearest(vectors, k=5)
    assert (found.cosine_NK >= every.cosine_NK - 1e-6).mean() > 0.98


def test_centres_are_the_same_every_time_and_lie_in_the_middle():
    vectors = units(np.concatenate([at(*range(-5, 6)), at(*range(85, 96))]))
    found = centres(vectors, 2)
    assert np.array_equal(found, centres(vectors, 2))
    assert sorted(np.degrees(np.arctan2(found[:, 1], found[:, 0])).round(3).tolist()) == [0, 90]
    assert len(set(nearest_centres(vectors, found, 1)[:11, 0])) == 1


def test_neighbours_that_say_otherwise_make_a_label_doubtful():
    # 0: cos 10 = 0.985 agrees, cos 60 = 0.5 does not: 0.5 / 1.485
    vectors = at(0, 10, 60)
    found = neighbour_noise(pl.Series(["Unsafe", "Unsafe", "拒绝"]), nearest(vectors, k=2))
    ten, fifty, sixty = np.cos(np.radians([10, 50, 60]))
    assert found.to_list() == pytest.approx([sixty / (ten + sixty), fifty / (ten + fifty), 1.0], abs=1e-6)


def test_who_has_no_label_neither_asks_nor_answers():
    vectors = at(0, 10, 60)
    found = neighbour_noise(pl.Series(["Unsafe", None, "Unsafe"]), nearest(vectors, k=2))
    assert found.to_list() == [0.0, None, 0.0]
    assert neighbour_noise(pl.Series(["Unsafe", None, None]), nearest(vectors, k=2)).to_list() == [None] * 3
    assert neighbour_noise(pl.Series(["Unsafe", "Unsafe"]), nearest(at(0, 180), k=1)).to_list() == [None, None]


def test_flipped_labels_come_out_on_top():
    """Ten clusters, a label each; 5% of the labels are wrong."""
    rng = np.random.default_rng(0)
    truth = np.arange(1000) % 10
    vectors = (rng.normal(size=(10, 32))[truth] + 0.6 * rng.normal(size=(1000, 32))).astype(np.float32)
    flipped = np.zeros(1000, bool)
    flipped[rng.choice(1000, 50, replace=False)] = True
    given_labels = pl.Series(np.where(flipped, (truth + rng.integers(1, 10, 1000)) % 10, truth).astype(str))
    found = neighbour_noise(given_labels, nearest(vectors)).to_numpy()
    assert auroc(flipped, found) > 0.99
    assert flipped[np.argsort(-found)[:50]].mean() > 0.9


def auroc(wrong, score):
    """Chance that a wrong label scores above a right one (ties count half)."""
    more = score[wrong][:, None] - score[~wrong]
    return ((more > 0) + 0.5 * (more == 0)).mean()


def frame(*rows):
    schema = {"label": pl.String, "unsafe": pl.Boolean, "probs": pl.List(pl.Float64), "p_unsafe": pl.Float64}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def test_a_verdict_doubts_what_it_gives_little_to():
    probs = [0.1, 0.2, 0.05, 0.6, 0.03, 0.02]
    rows = frame(
        ("Unsafe", True, probs, 0.6),
        ("Safe with warning", False, probs, 0.6),
        (None, True, probs, 0.6),
        (None, False, probs, 0.6),
        (None, None, probs, 0.6),
        ("Unsafe", True, None, None),
        ("no label of the task", None, probs, 0.6),
    )
    columns = {name: pl.col(name) for name in rows.columns}
    found = rows.select(noise=verdict_noise(**columns, labels=list(SAFETY)))["noise"].to_list()
    assert found[:4] == pytest.approx([0.4, 0.8, 0.4, 0.6]) and found[4:] == [None, None, None]


def test_the_mean_of_what_is_known():
    rows = pl.DataFrame(
        {"a": [0.2, None, 0.4, None], "b": [0.6, 0.5, None, None]}, schema=dict.fromkeys("ab", pl.Float64)
    )
    assert rows.select(n=label_noise(pl.col("a"), pl.col("b")))["n"].to_list() == pytest.approx([0.4, 0.5, 0.4, None])


def test_difficulty_is_one_where_it_hangs_in_the_balance():
    rows = pl.DataFrame(
        {"wrong": [0.5, 0.0, 1.0, 0.25, None, None, None], "p": [0.9, 0.5, None, None, 0.9, None, float("nan")]},
        schema={"wrong": pl.Float64, "p": pl.Float64},
    )
    hard, source = difficulty(wrong=pl.col("wrong"), p_unsafe=pl.col("p"))
    found = rows.select(hard=hard, source=source)
    assert found["hard"].to_list() == pytest.approx([1.0, 0.0, 0.0, 0.5, 0.2, None, None])
    assert found["source"].to_list() == ["rollouts"] * 4 + ["verdict", None, None]
