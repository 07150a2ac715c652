"""The picture and the table show shares of the target, and no text of any row."""

import io
import xml.dom.minidom

import pytest
from rich.console import Console

from synth.balance import Targets, filled, heat_map, outside, summary


@pytest.fixture
def have(cells):
    return cells(
        ("value", "fairness", "fairness/desert", "zh", "text", "good", 25),
        ("value", "fairness", "fairness/desert", "en", "text", "good", 1000),
        (None, None, None, "fr", "text", "no label", 7),
    )


def test_surplus_in_one_cell_fills_no_other(have, only):
    # 6000 rows: 600 of fairness, 300 of them English, in 12 cells of 25, of which one is full.
    found = filled(have, only(rows=6000), ("category", "language"))
    fairness = {row[1]: row[2:] for row in found.rows() if row[0] == "fairness"}
    assert fairness == {"en": (1000, 300, 275, pytest.approx(1 / 12)), "zh": (25, 300, 275, pytest.approx(1 / 12))}


def test_the_heat_map_is_an_svg_with_the_same_bytes_every_time(have, only):
    svg = heat_map(have, only(rows=6000))
    assert svg == heat_map(have, only(rows=6000))
    words = [node.firstChild.data for node in xml.dom.minidom.parseString(svg).getElementsByTagName("text")]
    assert {"zh text", "en text", "fairness", "8%", "0%"} <= set(words)
    assert "<script" not in svg


def test_the_table_fits_a_terminal(have):
    sink = io.StringIO()
    Console(file=sink, width=100).print(summary(have, Targets(rows=6000)))
    assert "(harmless request)" in sink.getvalue() and "value: fairness" in sink.getvalue()


def test_what_fills_no_cell_is_shown_with_the_reason(cells, only):
    found = outside(
        cells(
            (None, None, None, "en", "text", "no label", 9),
            ("value", None, None, "en", "text", "conflict", 8),
            ("safety", None, None, "zh", "text", "safe, label unknown", 7),
            ("value", "fairness", "fairness/desert", "fr", "text", "good", 6),
            ("value", "hate", "hate/race", "zh", "text", "bad", 5),
            ("value", "fairness", None, "zh", "text", "good", 4),
            ("value", "fairness", "fairness/desert", "zh", "image", "good", 3),
            ("value", "fairness", "fairness/desert", "zh", "text", "good", 2),  # this one has a target
        ),
        only(),
    )
    assert found.rows() == [
        ("no label", 9),
        ("labels conflict", 8),
        ("only the binary label is known", 7),
        ("another language", 6),
        ("category of another task", 5),
        ("no sub-category", 4),
        ("nothing is wanted there", 3),
    ]
