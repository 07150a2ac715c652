"""A row goes only for a kept row at or above the threshold, whatever the order of the rows and however they are cut."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from corpus.dedup.semantic import semantic_duplicates
from corpus.signals import lists


def at(*degrees):
    """Unit vectors in the plane: the cosine of two is that of the angle between them."""
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def ids(vectors):
    return pl.Series([f"{n:06d}" for n in range(len(vectors))], dtype=pl.String)


def go(vectors, rank=None, **options):
    """{row: (matched, similarity)} of the rows that go, by position."""
    rank = pl.Series(range(len(vectors)) if rank is None else rank, dtype=pl.Int64)
    found = semantic_duplicates(vectors, ids(vectors), rank, **options)
    return {row: (int(matched), similarity) for row, matched, similarity in found.rows()}


def by_hand(vectors, rank, threshold):
    """The walk, pair by pair in float64."""
    order = sorted(range(len(vectors)), key=lambda n: (rank[n], n))
    exact = vectors.astype(np.float64)
    kept, gone = [], {}
    for n in order:
        for m in kept:
            lengths = np.sqrt((exact[n] @ exact[n]) * (exact[m] @ exact[m]))
            if lengths > 0 and (similarity := round(float(exact[n] @ exact[m] / lengths), 6)) >= threshold:
                gone[n] = (m, similarity)
                break
        else:
            kept.append(n)
    return gone


def test_a_copy_in_other_words_goes_and_a_translation_stays():
    # cos 10 degrees = 0.985; cos 30 degrees = 0.866, where translations lie
    assert go(at(0, 10, 30)) == {1: (0, 0.984808)}


def test_a_chain_does_not_carry():
    # 0 - 15 - 30: both steps are 0.966, the ends are 0.866; the middle one goes, the end stays
    assert go(at(0, 15, 30)) == {1: (0, 0.965926)}


def test_the_better_rank_stays_and_of_equal_ranks_the_smaller_id():
    assert go(at(0, 10), rank=[2, 1]) == {0: (1, 0.984808)}
    assert go(at(0, 10), rank=[1, 1]) == {1: (0, 0.984808)}


def test_the_first_kept_row_by_rank_is_named_not_the_nearest():
    assert go(at(0, 20, 12), threshold=0.97) == {2: (0, 0.978148)}


@pytest.mark.parametrize("threshold", [1.0, round(float(np.cos(np.radians(10))), 6)])
def test_a_pair_exactly_at_the_threshold_counts(threshold):
    vectors = at(33, 33 if threshold == 1.0 else 43)
    assert go(vectors, threshold=threshold) == {1: (0, threshold)}


def test_length_is_nothing_and_a_vector_without_direction_is_nobodys_copy():
    vectors = np.array([[1, 0], [7, 0], [0, 0], [0, 0], [np.nan, 1], [np.inf, 0]], np.float32)
    assert go(vectors) == {1: (0, 1.0)}


def test_no_rows_give_no_duplicates():
    assert go(np.zeros((0, 4), np.float32)) == {}


@pytest.mark.parametrize("threshold", [0, -0.5, 1.01, float("nan")])
def test_a_threshold_that_is_no_cosine_is_refused(threshold):
    with pytest.raises(ValueError, match="above 0 and up to 1"):
        go(at(0), threshold=threshold)


def test_as_many_ids_as_vectors():
    with pytest.raises(ValueError, match="2 vectors, 1 ids and 2 ranks"):
        semantic_duplicates(at(0, 1), pl.Series(["a"]), pl.Series([0, 1]))


SMALL = arrays.arrays(np.float32, st.tuples(st.integers(1, 14), st.just(3)), elements=st.integers(-3, 3))


@given(SMALL, st.data(), st.sampled_from([0.3, 0.7, 0.9, 0.95, 1.0]))
def test_the_walk_is_the_walk_by_hand(vectors, data, threshold):
    rank = data.draw(st.lists(st.integers(0, 5), min_size=len(vectors), max_size=len(vectors)))
    assert go(vectors, rank, threshold=threshold) == by_hand(vectors, rank, threshold)


@given(SMALL, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_makes_no_difference(vectors, random):
    names, rank = ids(vectors), pl.Series(range(len(vectors)), dtype=pl.Int64)
    places = list(range(len(vectors)))
    random.shuffle(places)

    def gone(order):
        found = semantic_duplicates(vectors[order], names.gather(order), rank.gather(order), threshold=0.9)
        return {(names[order[row]], matched, similarity) for row, matched, similarity in found.rows()}

    assert gone(places) == gone(list(range(len(vectors))))


def families(rows, size, *, spread, dimensions=32):
    """Random directions, `size` rows near each: those of a family are alike, families are not."""
    rng = np.random.default_rng(0)
    heart = rng.normal(size=(rows // size, dimensions))
    heart /= np.linalg.norm(heart, axis=1, keepdims=True)
    made = heart.repeat(size, axis=0) + spread * rng.normal(size=(rows, dimensions)) / dimensions**0.5
    return made[rng.permutation(rows)].astype(np.float32)


def test_small_blocks_and_halves_change_nothing(monkeypatch):
    vectors = families(400, 4, spread=0.2)
    whole = go(vectors)
    monkeypatch.setattr("corpus.dedup.semantic.BLOCK", 16)
    assert go(vectors) == whole and 200 < len(whole) < 300


def test_lists_find_what_all_pairs_find_in_families(monkeypatch):
    vectors = families(3000, 3, spread=0.2)
    every = go(vectors, exact=True)
    monkeypatch.setattr("corpus.signals.lists.EXACT", 500)
    monkeypatch.setattr("corpus.dedup.semantic.BLOCK", 256)
    found = go(vectors)
    assert len(every) > 1500
    assert len(found.keys() & every.keys()) >= 0.99 * len(every)
    assert found == go(vectors), "the same rows give the same answer"


def test_lists_are_as_many_as_the_square_root():
    assert lists.sort_into_lists(lists.units(at(*range(360))), exact=False).number == 1
