"""Put a placeholder where something was found, and change nothing else."""

import polars as pl

from corpus.filters.pii import find_pii


def scrub(text: pl.Series, found: pl.DataFrame | None = None) -> pl.Series:
    """Texts with `[EMAIL]`, `[PHONE]` and the like in place of what was found.

    Args:
        text: String column. Null stays null.
        found: What `find_pii` or `find_secrets` found in these texts; by default all personal data, reserved or not.
            Findings do not overlap.

    Returns:
        String column.
    """
    found = find_pii(text) if found is None else found.sort("row", "start")
    rows = found["row"].unique(maintain_order=True)
    clean = []
    for value, marks in zip(text.gather(rows), found.partition_by("row", maintain_order=True), strict=True):
        for _, kind, start, end in reversed(marks.rows()):
            value = f"{value[:start]}[{kind.upper()}]{value[end:]}"
        clean.append(value)
    return text.clone().scatter(rows, pl.Series(clean, dtype=pl.String)) if clean else text
