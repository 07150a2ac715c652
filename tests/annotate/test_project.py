"""What annotators see is the text as it is; what they are told covers every label."""

import html

from hypothesis import given
from hypothesis import strategies as st

from annotate.guidelines import GUIDELINES, RULES
from annotate.project import escape
from catalog.labels import SAFETY


@given(st.text())
def test_escaped_text_holds_no_markup_and_reads_back_as_it_was(text):
    assert not set(escape(text)) & set("<>\"'")
    assert html.unescape(escape(text)) == text


def test_text_that_looks_escaped_already_is_kept_apart_from_the_real_thing():
    assert escape("a &lt; b") == "a &amp;lt; b"  # the page shows it as `a &lt; b`, as it was written
    assert escape("如果 a < b") == "如果 a &lt; b"


def test_every_label_has_its_paragraph_in_both_languages():
    assert tuple(RULES) == SAFETY
    for label, (english, chinese) in RULES.items():
        assert english in GUIDELINES and chinese in GUIDELINES and f"**{label}.**" in GUIDELINES
        assert any("\u4e00" <= char <= "\u9fff" for char in chinese)
