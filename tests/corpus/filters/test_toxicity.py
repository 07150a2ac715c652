"""A share of words: whole ones in English, the longest in Chinese, and nothing where nothing is known."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.filters.toxicity import lexicon, toxicity

ENGLISH = next(word for word in lexicon()["en"] if word.isalpha() and len(word) == 3)
STEM = next(word for word in lexicon()["en"] if word.endswith("*")).rstrip("*")
SHORT = next(word for word in lexicon()["zh"] if len(word) == 1)
LONGER = next(word for word in lexicon()["zh"] if len(word) == 2 and word.startswith(SHORT))


def share(*texts):
    return toxicity(pl.Series("text", texts, dtype=pl.String)).to_list()


def test_english_words_are_whole():
    assert share(f"you {ENGLISH}", f"you {ENGLISH.upper()}!", f"cl{ENGLISH}ic gl{ENGLISH}") == [0.5, 0.5, 0.0]
    assert share(f"you {STEM}zz", f"you zz{STEM}") == [0.5, 0.0]


def test_a_chinese_neighbour_does_not_hide_a_word():
    assert share(f"你这个{ENGLISH}啊") == [pytest.approx(0.2)]


def test_the_longest_chinese_entry_counts():
    assert share(f"你{LONGER}吧", f"你{SHORT}吧吗") == [0.5, 0.25]


def test_what_is_not_known_is_null_and_what_is_clean_is_zero():
    assert share(None, "", "？！", "a clean door", "干净的门") == [None, None, None, 0.0, 0.0]


@pytest.mark.parametrize("tongue", ["en", "zh"])
def test_every_entry_is_found_and_none_stands_twice(tongue):
    entries = [entry.rstrip("*") for entry in lexicon()[tongue]]
    assert len(set(entries)) == len(entries)
    assert share(*entries) == [1.0] * len(entries)


def test_entries_inside_numbers_and_joined_by_dots_stay_a_share():
    assert share(f"3.{ENGLISH}.4", f"{ENGLISH}.{ENGLISH}") == [1.0, 1.0]


@given(
    st.lists(
        st.one_of(st.none(), st.text(st.one_of(st.characters(), st.sampled_from(f"{ENGLISH}{LONGER} ")))), max_size=6
    )
)
def test_it_is_a_share(texts):
    found = share(*texts)
    assert found == [share(text)[0] for text in texts]
    assert all(value is None or 0 <= value <= 1 for value in found)
