"""A small store and the rows to fill it with."""

import polars as pl
import pytest

from catalog import Store, chat, prompt_id, sample_id


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def sample():
    """Make a row of `samples` (without stage_id) from a prompt, a reply and pictures."""

    def make(prompt, response=None, images=()):
        messages = chat(prompt, response, images=images)
        return {"sample_id": sample_id(messages), "prompt_id": prompt_id(messages), "messages": messages}

    return make


@pytest.fixture
def annotation():
    """Make a row of `annotations` with stage_id."""

    def make(sample_id, label, *, origin="human", annotator="a", unsafe=None, task="safety", category=None):
        return {
            "annotation_id": f"{sample_id}-{task}-{annotator}-{label}-{unsafe}",
            "sample_id": sample_id,
            "task": task,
            "label": label,
            "unsafe": (label == "Unsafe") if label and task == "safety" else unsafe,
            "category": category,
            "subcategory": None,
            "origin": origin,
            "annotator": annotator,
            "stage_id": "s",
        }

    return make


@pytest.fixture
def frame():
    return lambda rows: pl.DataFrame(rows, infer_schema_length=None)
