"""Check a source before it is used: what each of its files gives, without showing any text of it."""

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

from catalog import taxonomy
from corpus import readers
from corpus.sources.description import Source
from corpus.sources.read import entry_of, files, format_of, read


def check(source: Source, root: Path, *, limit: int | None = None) -> list[dict[str, Any]]:
    """What comes of each file.

    Args:
        source: The description.
        root: Data root.
        limit: Rows and rejections of a file after which it is left; None for all.

    Returns:
        For each file that holds records: `file`, `format`, `encoding`, `records`, `rows`, `rejected` and `labels` and
        `notes` (counts by name), `ids` (the first three sample ids), and `problem`: what must be mended, else null.

    Raises:
        FileNotFoundError: If the folder or a file is missing.
    """
    described = {file: entry_of(source, file) for file in files(source, root)}
    return [_check(source, root, file, limit) for file, entry in described.items() if entry is not None]


def unknown_categories(source: Source) -> list[str]:
    """Categories and sub-categories that the description names and the taxonomy does not know, one line each."""
    named = {value for entry in source.files for row in entry.rows for value in row.categories()}
    return [problem for value in sorted(named) if (problem := _unknown(value))]


def _unknown(category: str) -> str | None:
    try:
        taxonomy.get(category)
    except KeyError as error:
        return str(error.args[0])
    return None


def _check(source: Source, root: Path, file: str, limit: int | None) -> dict[str, Any]:
    records = rows = 0
    counts: dict[str, Counter[str]] = {"rejected": Counter(), "labels": Counter(), "notes": Counter()}
    ids: list[str] = []
    categories: set[str] = set()
    problem = None
    parts = read(source, root, file, batch_rows=min(limit or 5000, 5000))
    try:
        for part in islice(parts, None if limit is None else -(-limit // 5000)):
            records += part.records
            rows += part.rows.height
            ids += part.rows["sample_id"].head(3 - len(ids)).to_list()
            counts["rejected"].update(part.rejections["reason"])
            counts["labels"].update(_label(*row) for row in part.rows.select("task", "label", "unsafe").iter_rows())
            counts["notes"].update(part.notes["note"])
            categories |= set(part.rows["subcategory"].drop_nulls())
        problem = next(filter(None, map(_unknown, sorted(categories))), None) if rows else "gives no row"
        form = format_of(source, root, file)
    except readers.ReadError as error:
        problem, form = str(error), {"format": None, "encoding": None}
    found = {name: dict(counter.most_common()) for name, counter in counts.items()}
    return {"file": file, **form, "records": records, "rows": rows, **found, "ids": ids, "problem": problem}


def _label(task: str | None, label: str | None, unsafe: bool | None) -> str:
    if task is None:
        return "no label"
    return f"{task}: {label or {None: 'not labelled', True: 'unsafe', False: 'safe'}[unsafe]}"
