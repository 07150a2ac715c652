"""What says the same over and over is found, and nothing else, as the plain definition has it."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.filters import repeated_lines, repeated_phrases
from corpus.filters.repetition import GRAM


def text(*texts):
    return pl.Series("text", texts, dtype=pl.String)


def test_repeated_lines_needs_enough_lines_to_judge():
    lines = text("a\na\na\na", "a\na\na", "a\nb\nc\nd\n\n\n", "锁\n锁\n锁\n门")
    found = lines.to_frame().select(repeated_lines(pl.col("text")).alias("why"))["why"]
    # the last one repeats 2 of 4 lines, which is not more than half
    assert found.to_list() == ["repeated_lines", None, None, None]


def test_one_phrase_over_and_over_is_found_without_line_breaks_in_both_languages():
    looping = ["I am not able to say. " * 8, "我不知道应该怎么回答这个问题。" * 6, "哈" * 80]
    normal = [
        "A locksmith opens a locked door for its owner, after looking at a paper that says who lives there.",
        "锁匠在看过住户的证件之后，才会替他打开锁上的门；如果证件上的名字不对，他就不会动手，而是请住户先去找房东或者警察说明情况。",
    ]
    assert repeated_phrases(text(*looping, *normal, None)).to_list() == ["repeated_phrases"] * 3 + [None] * 3


def plainly(value, *, max_share, min_chars):
    """The definition, word for word."""
    if value is None or len(value) < max(min_chars, GRAM):
        return None
    windows = [value[i : i + GRAM] for i in range(len(value) - GRAM + 1)]
    return "repeated_phrases" if 1 - len(set(windows)) / len(windows) > max_share else None


phrases = st.text("ab锁é😀\x00", min_size=1, max_size=12)
loops = st.tuples(phrases, st.integers(1, 12), phrases).map(lambda parts: parts[0] * parts[1] + parts[2])
texts = st.one_of(st.none(), st.text(max_size=80), st.text("ab", max_size=80), loops)


@given(st.lists(texts, max_size=12), st.sampled_from([0.0, 0.3, 0.5]), st.sampled_from([1, 20, 60]))
def test_it_is_the_plain_definition(values, max_share, min_chars):
    wanted = [plainly(value, max_share=max_share, min_chars=min_chars) for value in values]
    assert repeated_phrases(text(*values), max_share=max_share, min_chars=min_chars).to_list() == wanted


@pytest.mark.parametrize(("repeats", "why"), [(30, None), (31, "repeated_phrases")])
def test_the_bound_is_kept(repeats, why):
    # 60 windows: the first `60 - repeats` differ, the others are the same run of one letter once more
    assert plainly(value := _with_repeats(60, repeats), max_share=0.5, min_chars=60) == why
    assert repeated_phrases(text(value)).to_list() == [why]


def _with_repeats(windows, repeats):
    return "".join(chr(0x4E00 + i) for i in range(windows - repeats - 1)) + "a" * (repeats + GRAM)


def test_a_slice_of_a_column_is_judged_by_its_own_rows():
    whole = text("I am not able to say. " * 8, None, "a short one", "我不知道应该怎么回答这个问题。" * 6, "哈" * 80)
    assert repeated_phrases(whole[1:4]).to_list() == [None, None, "repeated_phrases"]
    assert repeated_phrases(whole.gather([4, 2])).to_list() == ["repeated_phrases", None]
    assert repeated_phrases(whole.clear()).to_list() == []
