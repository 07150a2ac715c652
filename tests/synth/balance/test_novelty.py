"""Novelty is the distance to the nearest row there is, in either language."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.embed import vectors
from synth.balance import novelty


def unit(*rows):
    array = np.array(rows, dtype=np.float32)
    return array / np.linalg.norm(array, axis=1, keepdims=True)


def test_by_hand():
    there = unit([1, 0], [0, 1])
    # A copy, half way (cosine 1/sqrt 2), the opposite of one (cosine 0 to the other).
    assert novelty(unit([2, 0], [1, 1], [-1, 0]), there).tolist() == pytest.approx([0, 0.2929, 1], abs=1e-4)


def test_of_two_new_rows_that_say_the_same_only_the_second_is_not_new():
    found = novelty(unit([1, 0], [1, 0], [0, 1]))
    assert np.isnan(found[0]) and found[1:].tolist() == [0.0, 1.0]
    assert np.isnan(novelty(unit([1, 0]), np.zeros((0, 2), dtype=np.float32))).all()


@given(seed=st.integers(0, 2**16), new=st.integers(0, 9), there=st.integers(0, 9), block=st.integers(1, 5))
def test_blocks_change_nothing(seed, new, there, block):
    rng = np.random.default_rng(seed)
    new_ND, there_MD = (rng.normal(size=(n, 4)).astype(np.float32) for n in (new, there))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("synth.balance.nearest.BLOCK", block)
        found = novelty(new_ND, there_MD)
    for at in range(new):
        others = np.concatenate([there_MD, new_ND[:at]])
        expected = np.clip(1 - (others @ new_ND[at]).max(), 0, 2) if len(others) else np.nan
        np.testing.assert_allclose(found[at], expected, atol=1e-5)


@pytest.mark.slow
def test_a_translation_is_less_new_than_another_subject(tmp_path):
    texts = {
        "dough": "How long should bread dough rise before baking?",
        "violin": "Which wood is used to make violins?",
        "面团": "面包面团在烘烤前应该发酵多久？",
        "小提琴": "小提琴是用什么木头做的？",
        "押金": "我怎样才能从房东那里拿回押金？",
    }
    rows = pl.DataFrame({"sample_id": list(texts), "text": list(texts.values())})
    told = []
    found_ND = vectors(rows, folder=tmp_path, tick=lambda done, total: told.append((done, total)))
    assert told == [(5, 5)]
    dough, violin, deposit = novelty(found_ND[2:], found_ND[:2]).tolist()
    assert dough < deposit and violin < deposit
    # Kept: a second call reads, and another order gives the same rows.
    again_ND = vectors(rows.reverse(), folder=tmp_path, tick=lambda done, total: told.append((done, total)))
    assert told == [(5, 5)] and np.array_equal(again_ND[::-1], found_ND)
    np.testing.assert_allclose(np.linalg.norm(found_ND, axis=1), 1, atol=1e-6)
