"""Rows are checked before anything is spent on them."""

import polars as pl
import pytest

from verifiers.data import allowed_labels, checked


def test_a_label_leaves_itself_open_and_a_binary_reading_all_that_share_it():
    rows = pl.DataFrame({"label": ["Safe with warning", None, None], "unsafe": [False, True, False]})
    assert allowed_labels(rows).astype(int).tolist() == [
        [0, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 0],
        [1, 1, 1, 0, 1, 1],
    ]


def test_the_binary_reading_follows_from_the_label(edited):
    rows = checked(edited(label="Unsafe", unsafe=None))
    assert rows.filter(pl.col("sample_id") == "s0000")["unsafe"].to_list() == [True]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"label": "unsafe"}, "unknown label"),
        ({"label": "Safe with refusal", "unsafe": True}, "contradicts"),
        ({"label": None, "unsafe": None}, "neither a label nor a binary reading"),
        ({"category": "weather"}, "unknown category"),
        ({"split": "dev"}, "unknown split"),
        ({"split": None}, "no split"),
        ({"split": "test"}, "two splits"),
        ({"response": None}, "not whole"),
        ({"sample_id": "s0001"}, "more than once"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(edited, columns, problem):
    with pytest.raises(ValueError, match=problem) as error:
        checked(edited(**columns))
    assert "s000" in str(error.value)


def test_a_missing_column_is_named(rows):
    with pytest.raises(ValueError, match="cluster_id"):
        checked(rows.drop("cluster_id"))


@pytest.mark.parametrize("split", ["train", "calibration"])
def test_a_split_with_one_class_is_refused(rows, split):
    with pytest.raises(ValueError, match=f"the {split} split needs safe and unsafe rows"):
        checked(rows.filter((pl.col("split") != split) | pl.col("unsafe")))
