"""What the kernel reads from raw text is what it would read from the normalised text."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.dedup import near_duplicates
from corpus.normalize import normalized

# Letters that a neighbour changes, that fold into several, that take no room, that are spaces, that stand alone.
ODD = "aZ9 \t\u00a0\u3000ΣσςÅ\u030a\u0301\u200bﬁ①ＡｶﾞがÉéİıß𝔸😀𠮷锁門한\u1112\u1161가\u0e01\ufe0f\ufeffé"


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(st.text(ODD, max_size=12), st.text(max_size=8)), min_size=1, max_size=12),
    st.sampled_from([1, 2, None]),
)
def test_raw_text_is_read_as_its_normal_form(texts, n):
    raw = pl.Series(texts, dtype=pl.String)
    plain = raw.to_frame("text").select(normalized(pl.col("text")))["text"]
    both = pl.concat([raw, plain]).alias("text")  # each text and, behind all of them, its normal form
    ids = pl.Series([str(i) for i in range(len(both))])
    found = near_duplicates(both, ids, pl.Series(range(len(both))), threshold=1.0, n=n)
    gone = dict(found.select("row", "matched_id").iter_rows())
    for place, text in enumerate(plain):
        assert text == "" or len(texts) + place in gone, (texts[place], text)
    alone = near_duplicates(plain, ids[: len(plain)], pl.Series(range(len(plain))), threshold=0.5, n=n)
    as_they_are = near_duplicates(raw, ids[: len(raw)], pl.Series(range(len(raw))), threshold=0.5, n=n)
    assert alone.equals(as_they_are)


def test_every_character_alone_and_between_letters():
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000 and (code < 0x3000 or code % 97 == 0)]
    raw = pl.Series([text for code in codes for text in (f"x{chr(code)}y", f"{chr(code)}{chr(0x301)}", chr(code))])
    plain = raw.to_frame("text").select(normalized(pl.col("text")))["text"]
    ids = pl.Series([str(i) for i in range(len(raw))])
    rank = pl.Series(range(len(raw)))
    assert near_duplicates(raw, ids, rank, threshold=1.0, n=1).equals(
        near_duplicates(plain, ids, rank, threshold=1.0, n=1)
    )
