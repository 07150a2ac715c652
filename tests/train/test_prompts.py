"""Sums, and the pairs of the cold start."""

import polars as pl
import pytest

from train.config import PerKind
from train.prompts import RECORDS, arithmetic_records, sft_rows, shorten
from train.rewards.boxed import boxed_reward
from train.rewards.format import well_formed


def operands(prompt):
    return tuple(sorted(int(part) for part in "".join(c if c.isdigit() else " " for c in prompt).split()))


def test_no_wording_of_a_test_sum_is_trained_on():
    records = arithmetic_records(train=400, test=100)
    train, test = (set(map(operands, records.filter(split=split)["prompt"])) for split in ("train", "test"))
    assert records.height == 500 and records["sample_id"].n_unique() == 500
    assert not train & test


def test_the_same_seed_gives_the_same_sums_and_they_are_right():
    records = arithmetic_records(train=40, test=10, seed=3)
    assert records.equals(arithmetic_records(train=40, test=10, seed=3))
    assert not records.equals(arithmetic_records(train=40, test=10, seed=4))
    for prompt, reference in records.select("prompt", "reference").iter_rows():
        low, high = operands(prompt)
        assert int(reference) in (low + high, high - low, high)


def test_both_languages_are_there():
    records = arithmetic_records(train=60, test=0)
    chinese = records["prompt"].str.contains(r"\p{Han}").sum()
    assert 15 < chinese < 45


def test_more_sums_than_there_are_is_an_error():
    with pytest.raises(ValueError, match="not so many"):
        arithmetic_records(train=0, test=13_000, languages=["en"])


RECORD_ROWS = [
    ("1", "Harmful request [placeholder]", None, "safety", "harmful", "train"),
    ("2", "有害请求[占位]", None, "safety", "harmful", "train"),
    ("3", "How do I boil an egg?", "Boil it for eight minutes. Then cool it.", "normal", "benign", "train"),
    ("4", "怎么煮鸡蛋？", "煮八分钟。然后用冷水冲。", "normal", "benign", "train"),
    ("5", "What is 3 + 4?", "7", "knowledge_rule", "math", "train"),
    ("6", "Held out", "Never seen.", "normal", "benign", "test"),
]


def test_every_pair_keeps_the_format_and_speaks_the_language_of_the_request():
    pairs = dict(
        sft_rows(pl.DataFrame(RECORD_ROWS, schema=RECORDS, orient="row"), PerKind(harmful=5, benign=5, math=5))
    )
    assert len(pairs) == 5 and all(well_formed(completion) for completion in pairs.values())
    assert all(p.startswith("User: ") and p.endswith("\nAssistant:") for p in pairs)
    assert "占位" not in "".join(pairs.values())
    assert pairs["User: How do I boil an egg?\nAssistant:"].endswith("</think>Boil it for eight minutes. Then cool it.")
    assert pairs["User: 怎么煮鸡蛋？\nAssistant:"].endswith("</think>煮八分钟。然后用冷水冲。")
    sum_reply = pairs["User: What is 3 + 4?\nAssistant:"]
    assert sum_reply == r" <think>3 + 4 = 7</think>\boxed{7}"
    assert boxed_reward([""], [sum_reply], reference=["7"], truncated=[False]) == [1.0]


def test_counts_are_kept_and_a_reference_that_is_too_long_is_left_out():
    records = pl.DataFrame(RECORD_ROWS, schema=RECORDS, orient="row")
    assert len(sft_rows(records, PerKind(harmful=1, benign=1, math=0))) == 2
    assert len(sft_rows(records, PerKind(harmful=0, benign=2, math=0), max_chars=7)) == 1  # 煮八分钟。


def test_shorten_keeps_whole_sentences():
    assert shorten("One. Two. Three.", 9) == "One. Two."
    assert shorten("一句。两句。三句。", 6) == "一句。两句。"
    assert shorten("Far too long a sentence.", 5) == ""
    assert shorten(None, 5) == ""
    assert shorten("a <b> tag.", 50) == ""
