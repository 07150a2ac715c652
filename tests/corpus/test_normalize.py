"""What does not matter is gone, what does stays, and once is enough."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from corpus.normalize import normalized


def normal(*texts):
    return pl.Series(texts, dtype=pl.String).to_frame("t").select(normalized(pl.col("t")))["t"].to_list()


def test_normalising_keeps_numbers_and_punctuation_and_drops_what_cannot_be_seen():
    assert normal("ＡＩ\u200b安全  很重要 ", "Cafe\u0301\n", "1|2|300$", "\u200d\ufeff", None) == [
        "ai安全 很重要",
        "café",
        "1|2|300$",
        "",
        None,
    ]


@given(st.lists(st.one_of(st.none(), st.text(max_size=60)), max_size=20))
def test_normalising_twice_is_normalising_once(texts):
    once = normal(*texts)
    assert normal(*once) == once
