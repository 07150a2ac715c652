"""Fetch what people said."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from annotate.control import Server
from annotate.project import DATASET, WORKSPACE, connect, find
from catalog.ids import digest
from catalog.labels import CATEGORIES, SAFETY, is_unsafe

if TYPE_CHECKING:
    import argilla

PAGE = 200
TASK = "safety"
SCHEMA = {
    "annotation_id": pl.String,
    "sample_id": pl.String,
    "task": pl.String,
    "label": pl.String,
    "unsafe": pl.Boolean,
    "category": pl.String,
    "origin": pl.String,
    "annotator": pl.String,
}


class Pulled(NamedTuple):
    """What was submitted, as rows of the `annotations` table, and how many answers were not."""

    annotations: pl.DataFrame
    drafts: int
    discarded: int


def pull(server: Server, *, dataset: str = DATASET, workspace: str = WORKSPACE) -> Pulled:
    """All answers of a dataset. Pulling twice gives the same rows under the same ids.

    Raises:
        LookupError: If there is no such dataset.
        ValueError: If an answer has a label or category that is not ours; names the record.
        RuntimeError: If records vanished while they were read: pull again.
    """
    client = connect(server)
    target = find(client, dataset, workspace)
    names = {str(user.id): user.username for user in client.users}
    at_least = target.progress()["total"]
    rows: list[dict[str, Any]] = []
    counts = {"submitted": 0, "draft": 0, "discarded": 0}
    seen = set()
    for record in _models(client, target):
        if record.external_id in seen:
            continue
        seen.add(record.external_id)
        for response in record.responses or []:
            counts[str(getattr(response.status, "value", response.status))] += 1
            if response.status == "submitted":
                user = str(response.user_id)
                rows.append(annotation(record.external_id, names.get(user, user), response.values or {}))
    if len(seen) < at_least:
        raise RuntimeError(f"read {len(seen)} of {at_least} records: some were deleted meanwhile, pull again")
    annotations = pl.DataFrame(rows, schema=SCHEMA).sort("sample_id", "annotator")
    return Pulled(annotations, counts["draft"], counts["discarded"])


def annotation(sample_id: str, annotator: str, values: dict[str, Any]) -> dict[str, Any]:
    """A row of the `annotations` table from one submitted answer (`{"label": {"value": ...}, ...}`).

    Raises:
        ValueError: If the label or the category is not one of ours.
    """
    label = values.get("label", {}).get("value")
    category = values.get("category", {}).get("value")
    if label not in SAFETY:
        raise ValueError(f"record {sample_id}: {annotator} chose label {label!r}; expected one of {', '.join(SAFETY)}")
    if category is not None and category not in CATEGORIES:
        raise ValueError(
            f"record {sample_id}: {annotator} chose category {category!r}; expected one of {', '.join(CATEGORIES)}"
        )
    content = {"sample_id": sample_id, "task": TASK, "annotator": annotator, "label": label, "category": category}
    return content | {"annotation_id": digest(content), "unsafe": is_unsafe(label), "origin": "human"}


def _models(client: "argilla.Argilla", target: "argilla.Dataset") -> Iterator[Any]:
    """Records with their responses, in the order they arrived: no filter, so that labelling meanwhile shifts no
    page."""
    offset = 0
    while page := client.api.records.list(target.id, offset=offset, limit=PAGE, with_suggestions=False):
        yield from page
        offset += len(page)
