"""The cells of a balanced corpus, and how many rows each is to have."""

from typing import Any, NamedTuple

import polars as pl

from catalog import taxonomy
from corpus.quotas import apportion
from synth.balance.cells import KEY
from synth.balance.targets import Targets, Task
from synth.generators.eligible import refusal


class Group(NamedTuple):
    """Cells that share their rows out between language, modality and label: a sub-category, or harmless requests."""

    task: Task
    category: str | None
    subcategory: str | None
    share: float  # of all rows
    labels: dict[str, float]


def wanted(targets: Targets) -> pl.DataFrame:
    """What each cell is to hold, in the order of the taxonomy; nothing for what nothing is generated for.

    Numbers are whole: those of the groups add up to `rows` before any is raised, those of the cells to their group
    (largest remainder), so that rounding moves a marginal by some rows.

    Returns:
        Columns `KEY` and `target`. Category and sub-category of harmless requests are null.

    Raises:
        ValueError: If an exception agrees with no cell.
    """
    groups = _groups(targets)
    totals = apportion(targets.rows, [group.share for group in groups])
    rows: list[dict[str, Any]] = []
    for group, total in zip(groups, totals, strict=True):
        cells = [
            (dict(zip(KEY, (*group[:3], language, modality, label), strict=True)), first * second * third)
            for language, first in targets.languages.items()
            for modality, second in targets.modalities.items()
            for label, third in group.labels.items()
        ]
        least = targets.least_per_subcategory if group.subcategory else 0
        whole = apportion(max(total, least), [share for _, share in cells])
        rows += [key | {"target": number} for (key, _), number in zip(cells, whole, strict=True)]
    for override in targets.cells:
        named = override.model_dump(exclude={"rows"}, exclude_none=True)
        matched = [row for row in rows if named.items() <= row.items()]
        if not matched:
            raise ValueError(f"cells: no cell agrees with {named}")
        for row in matched:
            row["target"] = override.rows
    return pl.DataFrame(rows, schema=dict.fromkeys(KEY, pl.String) | {"target": pl.Int64})


def _groups(targets: Targets) -> list[Group]:
    found: list[Group] = []
    for task, share in targets.tasks.items():
        if task == "safety" and targets.harmless:
            found.append(Group(task, None, None, share * targets.harmless, targets.harmless_labels))
            share *= 1 - targets.harmless
        categories = _subcategories(task)
        for category, inside in categories:
            each = share / len(categories) / len(inside)
            found += [Group(task, category, id, each, targets.labels[task]) for id in inside]
    return found


def _subcategories(task: str) -> list[tuple[str, list[str]]]:
    """Categories of a task, each with the sub-categories that rows may be generated for, if there are any."""
    found = [
        (category.id, [sub.id for sub in taxonomy.load().subcategories(category.id) if refusal(sub.id) is None])
        for category in taxonomy.categories(task)
    ]
    return [(category, inside) for category, inside in found if inside]
