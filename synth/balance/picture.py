"""The balance at a glance: a heat map for a page, a table for a terminal."""

import io
from typing import TYPE_CHECKING

import polars as pl

from synth.balance.outside import outside
from synth.balance.plan import holes
from synth.balance.targets import Targets

if TYPE_CHECKING:
    from rich.table import Table

HARMLESS = "(harmless request)"
COLOURS = ["#fff3e0", "#ffcc80", "#a5d6a7", "#2e7d32"]  # empty, some, much, full


def filled(cells: pl.DataFrame, targets: Targets, by: tuple[str, ...]) -> pl.DataFrame:
    """How much of the target is there. What one cell has too much of fills no other.

    Args:
        cells: As `cells.count` gives them.
        targets: What each is to hold.
        by: Some of `cells.KEY`.

    Returns:
        `by`, `samples` (all in these cells), `target`, `hole`, and `filled`, 0 to 1; null where nothing is wanted.
    """
    wanted = pl.col("target").sum()
    return (
        holes(cells, targets)
        .group_by(by, maintain_order=True)
        .agg(
            samples=pl.col("samples").sum(),
            target=wanted,
            hole=pl.col("hole").sum(),
            filled=pl.when(wanted > 0).then(1 - pl.col("hole").sum() / wanted),
        )
        .sort(by, nulls_last=True)
    )


def heat_map(cells: pl.DataFrame, targets: Targets) -> str:
    """SVG of the share of the target that is there, per category, language and modality; the same bytes every time.

    Args:
        cells: As `cells.count` gives them.
        targets: What each is to hold.
    """
    import altair as alt

    data = filled(cells, targets, ("task", "category", "language", "modality")).with_columns(
        pl.col("category").fill_null(HARMLESS),
        column=pl.concat_str("language", "modality", separator=" "),
        said=(100 * pl.col("filled")).floor().cast(pl.Int64).cast(pl.String) + "%",
    )
    columns = [f"{language} {modality}" for modality in targets.modalities for language in targets.languages]
    base = alt.Chart(data).encode(
        x=alt.X("column:N", title=None, sort=columns, axis=alt.Axis(orient="top", labelAngle=0)),
        y=alt.Y("category:N", title=None),
    )
    squares = base.mark_rect(stroke="white").encode(
        color=alt.Color(
            "filled:Q",
            scale=alt.Scale(domain=[0, 0.34, 0.67, 1], range=COLOURS),
            legend=None,  # the numbers stand in the squares
        )
    )
    dark = alt.condition("datum.filled > 0.8", alt.value("white"), alt.value("#333333"))
    words = base.mark_text(fontSize=10).encode(text="said:N", color=dark)
    chart = (
        (squares + words)
        .properties(width=78 * len(columns), height=alt.Step(18))
        .facet(row=alt.Row("task:N", title=None, sort=list(targets.tasks)))
        .resolve_scale(y="independent")
        .properties(title="How much of the target is there")
    )
    sink = io.StringIO()
    chart.save(sink, format="svg")
    return sink.getvalue()


def summary(cells: pl.DataFrame, targets: Targets) -> "Table":
    """A table for a terminal: samples, target and hole along each marginal, and the samples outside all cells."""
    from rich.table import Table

    table = Table(title="Balance of the corpus")
    for name in ("", "value", "samples", "target", "hole", "filled"):
        table.add_column(name, justify="left" if name in ("", "value") else "right")
    for by in (("task",), ("language",), ("modality",), ("task", "label"), ("task", "category")):
        for row in filled(cells, targets, by).iter_rows(named=True):
            value = ": ".join(row[name] or HARMLESS for name in by)
            share = "-" if row["filled"] is None else f"{row['filled']:.0%}"
            table.add_row(by[-1], value, *(f"{row[name]:,}" for name in ("samples", "target", "hole")), share)
        table.add_section()
    for why, samples in outside(cells, targets).rows():
        table.add_row("outside", why, f"{samples:,}", "-", "-", "-")
    return table
