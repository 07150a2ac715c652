import numpy as np
import polars as pl

from corpus.signals.spread import across_languages


def test_what_a_language_shares_is_taken_out_and_a_small_one_has_no_middle_of_its_own():
    subjects = np.eye(4)[np.arange(40) % 4]
    far = 9 * np.eye(4)
    vectors = np.concatenate([subjects + far[0], subjects + far[1], subjects[:5] + far[2]])
    language = pl.Series(["en"] * 40 + ["zh"] * 40 + ["ja"] * 5)
    found = across_languages(vectors.astype(np.float32), language)
    same = (found[:40] * found[40:80]).sum(axis=1)
    assert same.min() > 0.4  # one subject lies in one place in both
    assert (found[80:] @ found[80:].T).min() > 0.95  # a few rows stay together, far from the middle of all
