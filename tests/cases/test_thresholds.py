"""A threshold does what its name says, and a name that says something else is refused."""

import polars as pl
import pytest
import yaml
from pydantic import ValidationError

from corpus.filters.letters import word_letter_ratio, words_with_letter
from safeladder.recipe import FilterConfig

ROWS = {
    "all": "un deux trois quatre cinq six sept huit neuf dix",
    "eight": "un deux trois quatre cinq six sept huit 9 10",
    "seven": "un deux trois quatre cinq six sept 8 9 10",
    "two": "un deux 3 4 5 6 7 8 9 10",
    "chinese": "门锁太旧了，请问怎样换一把新锁才放心？",
    "chinese table": "门锁3把，钥匙12枚，门45扇，备用67、89、10、11、12、13。",
}


@pytest.fixture
def frame():
    return pl.DataFrame({"id": list(ROWS), "text": list(ROWS.values())})


def test_the_statistic_is_the_share_of_words_that_hold_a_letter(frame):
    found = dict(frame.select("id", ratio=word_letter_ratio(pl.col("text"))).rows())
    assert found == {"all": 1.0, "eight": 0.8, "seven": 0.7, "two": 0.2, "chinese": 1.0, "chinese table": 10 / 19}


def test_less_than_the_least_is_rejected_and_the_least_is_kept(frame):
    judged = frame.with_columns(why=words_with_letter(pl.col("text"), min_ratio=0.8))
    assert judged.filter(pl.col("why").is_null())["id"].to_list() == ["all", "eight", "chinese"]


def test_another_tools_name_for_it_is_refused():
    config = yaml.safe_load("max_non_alpha_words_ratio: 0.8")
    with pytest.raises(ValidationError, match="max_non_alpha_words_ratio"):
        FilterConfig(**config)
