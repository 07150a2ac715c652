"""An answer becomes one row under one id, or an error that names its record."""

import pytest

from annotate.pull import SCHEMA, annotation
from catalog.ids import digest
from catalog.schema import TABLES


def test_an_answer_becomes_a_row_of_the_annotations_table():
    row = annotation(
        "s1", "王芳", {"label": {"value": "Unsafe"}, "category": {"value": "cyber"}, "comment": {"value": "c"}}
    )
    assert set(row) == set(SCHEMA) == set(TABLES["annotations"].names) - {"stage_id", "subcategory"}
    assert (row["label"], row["unsafe"], row["category"], row["origin"]) == ("Unsafe", True, "cyber", "human")
    assert annotation("s1", "王芳", {"label": {"value": "Safe with warning"}})["unsafe"] is False


def test_the_id_is_that_of_sample_task_annotator_and_answer():
    content = {"sample_id": "s1", "task": "safety", "annotator": "ann", "label": "Unsafe", "category": None}
    assert annotation("s1", "ann", {"label": {"value": "Unsafe"}})["annotation_id"] == digest(content)
    others = [
        annotation("s2", "ann", {"label": {"value": "Unsafe"}}),
        annotation("s1", "bob", {"label": {"value": "Unsafe"}}),
        annotation("s1", "ann", {"label": {"value": "Safe with refusal"}}),
        annotation("s1", "ann", {"label": {"value": "Unsafe"}, "category": {"value": "fraud"}}),
    ]
    assert len({row["annotation_id"] for row in others} | {digest(content)}) == 5


@pytest.mark.parametrize("values", [{"label": {"value": "unsafe"}}, {"label": {"value": None}}, {}])
def test_a_label_that_is_not_ours_is_an_error_with_the_record_in_it(values):
    with pytest.raises(ValueError, match="record s1: ann chose label"):
        annotation("s1", "ann", values)


def test_a_category_that_is_not_ours_is_an_error_with_the_record_in_it():
    with pytest.raises(ValueError, match="record s1: ann chose category 'theft'"):
        annotation("s1", "ann", {"label": {"value": "Unsafe"}, "category": {"value": "theft"}})
