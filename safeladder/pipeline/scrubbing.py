"""Rows without the personal data of the rows that they are made from."""

import json
from typing import Any

import polars as pl

from catalog import prompt_id, sample_id
from corpus import filters
from safeladder.pipeline.frames import annotations_of, samples_of, table

RELATION = "scrub@1"


def scrubbed(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """For each row one that has a placeholder, such as `[PHONE]`, in place of each finding.

    Args:
        rows: `BATCH` rows that `corpus.filters.pii` rejected.

    Returns:
        Frames by table: `working`, `samples`, `annotations` (the label of the row goes with it) and `lineage`.
    """
    made, links = [], []
    for row in rows.iter_rows(named=True):
        messages, kinds = _without(row["messages"])
        ids = {"sample_id": sample_id(messages), "prompt_id": prompt_id(messages)}
        made.append(row | ids | {"messages": messages})
        links.append((ids["sample_id"], row["sample_id"], json.dumps(kinds, sort_keys=True)))
    new = pl.DataFrame(made, schema=rows.schema)
    lineage = pl.DataFrame(links, schema=["child_id", "parent_id", "detail"], orient="row", infer_schema_length=None)
    return {
        "working": table("working", new),
        "samples": samples_of(new),
        "annotations": annotations_of(new, annotator=pl.col("source")),
        "lineage": table("lineage", lineage.unique(maintain_order=True), relation=RELATION),
    }


def _without(messages: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Messages with placeholders, and how often each kind was found."""
    texts = pl.Series([part["text"] for message in messages for part in message["content"]], dtype=pl.String)
    found = filters.find_pii(texts, fictitious=False)
    clean = iter(filters.scrub(texts, found))
    changed = [
        message | {"content": [part | {"text": next(clean)} for part in message["content"]]} for message in messages
    ]
    return changed, dict(found["type"].value_counts().iter_rows())
