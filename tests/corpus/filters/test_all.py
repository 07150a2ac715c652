"""What holds for every filter: no text breaks it, and each row is judged on its own."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus import filters, steps
from safeladder.pipeline.clean import reasons
from safeladder.recipe import FilterConfig

EVERY = reasons(FilterConfig(min_words_with_letter_ratio=0.5, placeholders=True))
SIGNALS = (filters.refusal_kind, filters.toxicity, filters.detect)
WILD = st.one_of(
    st.none(),
    st.text(max_size=120),
    st.text("12345-@.+ １３锁a<>&;{}[]|\u200b\u202e\x00", max_size=60),
)


def judged(texts, reason):
    column = pl.Series("text", texts, dtype=pl.String)
    batch = pl.DataFrame([column.alias(name) for name in ("prompt", "response", "reply", "sense", "whole")])
    found = batch.select(reason.alias("reason"))["reason"] if isinstance(reason, pl.Expr) else reason(batch)
    return found.to_list()


@pytest.mark.parametrize("reason", EVERY, ids=[str(place) for place in range(len(EVERY))])
@settings(max_examples=25, deadline=None)
@given(texts=st.lists(WILD, max_size=8))
def test_no_text_breaks_a_filter_and_each_is_judged_on_its_own(reason, texts):
    together = judged(texts, reason)
    assert together == [judged([text], reason)[0] for text in texts]
    assert all(found is None or isinstance(found, str) for found in together)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(WILD, max_size=8), signal=st.sampled_from(SIGNALS))
def test_a_signal_is_about_its_own_row(texts, signal):
    column = pl.Series("text", texts, dtype=pl.String)
    assert signal(column).to_list() == [signal(pl.Series("text", [text], dtype=pl.String))[0] for text in texts]


def test_a_filter_that_needs_a_series_can_be_sent_to_a_worker():
    import pickle

    assert all(pickle.loads(pickle.dumps(reason)) for reason in EVERY if isinstance(reason, steps.OnColumn))
