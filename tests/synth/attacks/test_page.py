"""The page on attacks lists what the registry holds."""

from pathlib import Path

from synth.attacks import ATTACKS
from synth.attacks.split_characters import halves
from synth.attacks.table import table

PAGE = Path(__file__).parents[3] / "docs" / "attacks.md"


def test_the_table_of_the_page_is_that_of_the_registry():
    assert table() in PAGE.read_text(encoding="utf-8"), (
        "put the output of `python -m synth.attacks.table` into the page"
    )
    assert [line.split("`")[1] for line in table().splitlines()[2:]] == list(ATTACKS)


def test_the_page_counts_split_characters_rightly():
    assert f"`split_characters` knows {len(halves())} characters" in PAGE.read_text(encoding="utf-8")
