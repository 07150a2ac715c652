"""Charts as inline SVG: no script, no network, the same bytes every time."""

import io
from collections.abc import Mapping, Sequence
from typing import Any


def bars(rows: Sequence[Mapping[str, Any]], *, x: str, y: str, colour: str | None) -> str:
    """A bar chart of aggregated rows; bars lie where the category is on the y axis."""
    import altair as alt
    import polars as pl

    data = pl.DataFrame(list(rows), infer_schema_length=None)
    horizontal = data.schema[y] == pl.String
    encodings: dict[str, Any] = {
        "x": alt.X(f"{x}:Q" if horizontal else f"{x}:O", title=x.replace("_", " ")),
        "y": alt.Y(f"{y}:N" if horizontal else f"{y}:Q", title=None if horizontal else y.replace("_", " "), sort="-x"),
    }
    if not horizontal:
        encodings["y"] = alt.Y(f"{y}:Q", title=y.replace("_", " "))
    if colour:
        encodings["color"] = alt.Color(f"{colour}:N", title=None, scale=alt.Scale(scheme="tableau10"))
    chart = alt.Chart(data).mark_bar().encode(**encodings).properties(width=520)
    sink = io.StringIO()
    chart.save(sink, format="svg")
    return sink.getvalue()
