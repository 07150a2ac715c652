"""Words with a letter, by a count that a reader would make, in scripts with and without spaces."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.filters.letters import word_letter_ratio, words, words_with_letter


def measured(*texts):
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
    return frame.select(n=words(pl.col("text")), ratio=word_letter_ratio(pl.col("text")))


@pytest.mark.parametrize(
    ("text", "n", "ratio"),
    [
        ("one two 3 4", 4, 0.5),
        ("价格是 12 元。", 5, 0.8),
        ("買了3本書", 5, 0.8),
        ("don't e-mail 3.14 12:30 GPT-4 4K 1,000", 7, 4 / 7),
        ("用GPT-4写3行", 5, 0.8),
        ("これは 1", 4, 0.75),
        ("— !? …", 0, None),
        ("", 0, None),
        (None, None, None),
    ],
)
def test_a_word_is_a_run_of_letters_and_digits_or_one_character_of_a_script_without_spaces(text, n, ratio):
    assert measured(text).rows() == [(n, pytest.approx(ratio) if ratio is not None else None)]


def test_a_text_without_words_is_not_judged():
    frame = pl.DataFrame({"text": ["？！", None, "1 2", "一 2"]})
    found = frame.select(words_with_letter(pl.col("text"), min_ratio=0.5).alias("why"))["why"]
    assert found.to_list() == [None, None, "few_words_with_letter", None]


@given(st.text(st.one_of(st.characters(), st.sampled_from("a1é.,'锁-٣ิก ")), max_size=40))
def test_the_ratio_is_a_share(text):
    ((n, ratio),) = measured(text).rows()
    assert (ratio is None) == (n == 0)
    assert ratio is None or 0 <= ratio <= 1
