"""The rows a verifier learns from and is measured on, checked before anything is spent on them.

Axis suffixes: N rows, L labels.
"""

import numpy as np
import polars as pl

from catalog import digest
from catalog.labels import CATEGORIES, SAFETY, SPLITS, UNSAFE, UNSAFE_INDEX

COLUMNS = {
    "sample_id": pl.String,
    "prompt": pl.String,
    "response": pl.String,
    "label": pl.String,
    "unsafe": pl.Boolean,
    "category": pl.String,
    "split": pl.String,
    "cluster_id": pl.String,
    "language": pl.String,
    "modality": pl.String,
    "source": pl.String,
}


def checked(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows in the columns above, `unsafe` filled in from the label, in the order of their ids.

    Raises:
        ValueError: If a column is missing, an id is doubled, a row has neither label nor binary reading or the two
            contradict each other, a name is unknown, a cluster stands on two splits, or a split lacks a class.
    """
    missing = [name for name in COLUMNS if name not in rows.columns]
    if missing:
        raise ValueError(f"the rows lack the columns {', '.join(missing)}")
    rows = rows.select(pl.col(name).cast(kind) for name, kind in COLUMNS.items()).sort("sample_id")
    reading = pl.col("label") == UNSAFE
    _refuse(rows, pl.any_horizontal(pl.col("sample_id", "prompt", "response", "cluster_id").is_null()), "is not whole")
    _refuse(rows, pl.col("sample_id").is_duplicated(), "appears more than once")
    for column, known in {"label": SAFETY, "category": tuple(CATEGORIES), "split": SPLITS}.items():
        _refuse(rows, ~pl.col(column).is_in(known), f"has an unknown {column}; known: {', '.join(known)}")
    _refuse(rows, pl.col("split").is_null(), "stands on no split")
    _refuse(rows, pl.col("label").is_null() & pl.col("unsafe").is_null(), "has neither a label nor a binary reading")
    _refuse(rows, reading != pl.col("unsafe"), "has a label that contradicts its binary reading")
    _refuse(rows, pl.col("split").n_unique().over("cluster_id") > 1, "is in a cluster that stands on two splits")
    rows = rows.with_columns(unsafe=reading.fill_null(pl.col("unsafe")))
    for split in ("train", "calibration"):
        unsafe = rows.filter(pl.col("split") == split)["unsafe"]
        if unsafe.n_unique() < 2:
            raise ValueError(
                f"the {split} split needs safe and unsafe rows; of its {len(unsafe)} rows {unsafe.sum()} are unsafe"
            )
    return rows


def _refuse(rows: pl.DataFrame, bad: pl.Expr, problem: str) -> None:
    found = rows.filter(bad.fill_null(False))["sample_id"]
    if len(found):
        raise ValueError(f"{len(found)} rows cannot be used, the first is {found[0]}: it {problem}")


def allowed_labels(rows: pl.DataFrame) -> np.ndarray:
    """Which labels each row's annotation leaves open: itself, or all that share its binary reading.

    Returns:
        bool (N, 6) in the order of `catalog.labels.SAFETY`; no row is empty.
    """
    allowed_NL = np.zeros((rows.height, len(SAFETY)), dtype=bool)
    for n, (label, unsafe) in enumerate(rows.select("label", "unsafe").iter_rows()):
        if label is not None:
            allowed_NL[n, SAFETY.index(label)] = True
        else:
            allowed_NL[n] = not unsafe
            allowed_NL[n, UNSAFE_INDEX] = unsafe
    return allowed_NL


def rows_digest(rows: pl.DataFrame) -> str:
    """Digest over everything training sees of checked rows."""
    return digest([list(row) for row in rows.iter_rows()])
