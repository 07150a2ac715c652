"""Targets are what their file says, and whole numbers that add up."""

import polars as pl
import pytest

from catalog import configuration, taxonomy
from synth.balance import Targets, wanted, worth_counting
from synth.generators.eligible import refusal


def test_a_cell_is_the_product_of_its_marginals(only):
    # 10 values; `fairness` has 6 sub-categories: 6000 / 10 / 6 = 100 rows, of which 0.4 are Chinese and 0.5 bad.
    found = wanted(only(rows=6000, languages={"en": 0.6, "zh": 0.4}))
    cell = found.filter(pl.col("subcategory") == "fairness/desert").select("language", "label", "target")
    assert cell.rows() == [("en", "bad", 30), ("en", "good", 30), ("zh", "bad", 20), ("zh", "good", 20)]
    assert found["target"].sum() == 6000


def test_a_small_subcategory_is_raised_to_the_least(only):
    found = wanted(only(rows=61, least_per_subcategory=8))
    assert set(found.group_by("subcategory").agg(pl.col("target").sum())["target"]) == {8}


def test_exceptions_count_and_the_later_one_wins(only):
    cells = [{"category": "fairness", "rows": 7}, {"subcategory": "fairness/desert", "label": "bad", "rows": 0}]
    found = wanted(only(rows=610, cells=cells)).filter(pl.col("category") == "fairness")
    by = dict(found.group_by("subcategory").agg(pl.col("target").sum()).rows())
    assert by.pop("fairness/desert") == 14
    assert set(by.values()) == {28}
    with pytest.raises(ValueError, match="no cell agrees with"):
        wanted(only(cells=[{"task": "safety", "rows": 1}]))


def test_harmless_requests_have_no_subcategory_and_labels_of_their_own():
    found = wanted(Targets(tasks={"safety": 1}, rows=10_000, harmless=0.5, least_per_subcategory=0))
    harmless = found.filter(pl.col("subcategory").is_null())
    assert harmless["target"].sum() == 5000
    assert set(harmless["label"]) == {"Safe without risk", "Unnecessary refusal", "Illogical completion"}
    assert "Unnecessary refusal" not in set(found.filter(pl.col("subcategory").is_not_null())["label"])


def test_nothing_is_wanted_where_nothing_is_generated():
    found = set(wanted(Targets())["subcategory"].drop_nulls())
    never = {entry.id for entry in taxonomy.load().entries() if refusal(entry.id)}
    assert {"sexual/erotica", "violence/child-abuse"} <= never
    assert not found & never


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rwos: 5", "rwos: unknown key; did you mean rows?"),
        ("languages: {en: 0.5, zh: 0.4}", "languages: shares must be 0 or more and add up to 1, not 0.9"),
        ("labels: {value: {godo: 1}}\ntasks: {value: 1}", "did you mean 'good'?"),
        ("labels: {value: {good: 1}}", "labels.safety is missing"),
        ("difficulty: {low: 0.9, high: 0.2}", "low 0.9 lies above high 0.2"),
        ("cells: [{category: fairnes, rows: 1}]", "did you mean 'fairness'?"),
    ],
)
def test_a_file_of_targets_says_what_to_mend(tmp_path, text, said):
    path = tmp_path / "targets.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError) as error:
        configuration.read(path, Targets)
    assert str(path) in str(error.value) and said in str(error.value)


def test_rows_known_to_teach_nothing_do_not_count_and_unmeasured_ones_do():
    members = pl.DataFrame({"sample_id": list("abcd"), "prompt_id": ["p", "q", "r", "r"]})
    wrong = pl.DataFrame({"prompt_id": ["p", "q"], "wrong": [1.0, None]})
    novelty = pl.DataFrame({"sample_id": ["c", "d"], "novelty": [0.01, None]})
    assert worth_counting(members, Targets(), wrong=wrong, novelty=novelty)["sample_id"].to_list() == ["b", "d"]
    assert worth_counting(members, Targets()).equals(members)
