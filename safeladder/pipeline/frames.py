"""Small helpers that bring rows into the columns of a catalog table."""

from typing import Any

import polars as pl
import pyarrow as pa

from catalog import BATCH, TABLES, digest


def _schema(name: str) -> pa.Schema:
    if name == "working":
        return BATCH
    return pa.schema([field for field in TABLES[name] if field.name != "stage_id"])


def empty(name: str) -> pl.DataFrame:
    """No rows, in the columns of a table without `stage_id`."""
    frame = pl.from_arrow(_schema(name).empty_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


def table(name: str, rows: pl.DataFrame, **constants: Any) -> pl.DataFrame:
    """Rows in the columns of a table: constants added, other columns dropped, missing ones null, types cast."""
    rows = rows.with_columns(**{key: pl.lit(value) for key, value in constants.items()})
    target = empty(name).schema
    return rows.select(
        (pl.col(column) if column in rows.columns else pl.lit(None)).cast(kind).alias(column)
        for column, kind in target.items()
    )


def samples_of(rows: pl.DataFrame) -> pl.DataFrame:
    """The distinct samples among working rows."""
    return table("samples", rows.unique("sample_id", keep="first", maintain_order=True))


def annotations_of(rows: pl.DataFrame, *, annotator: pl.Expr) -> pl.DataFrame:
    """The labels that working rows carry, as annotations; a row without a label gives none."""
    labelled = rows.filter(pl.col("task").is_not_null()).with_columns(annotator=annotator)
    answer = ["sample_id", "task", "annotator", "label", "unsafe", "category", "subcategory", "origin"]
    ids = [digest(list(row)) for row in labelled.select(answer).iter_rows()]
    made = labelled.select(answer).with_columns(annotation_id=pl.Series(ids, dtype=pl.String))
    return table("annotations", made.unique("annotation_id", keep="first", maintain_order=True))
