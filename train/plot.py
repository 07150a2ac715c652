"""The curves of a run as one SVG: did the rewarding verifier rise alone?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

# Panel title, kind of line, and the figures drawn in it with the names that the reader sees.
PANELS = (
    (
        "Held out: safety and refusal",
        "evaluation",
        {
            "safe": "safe, rewarding verifier",
            "second_safe": "safe, second judge",
            "refusal_harmful": "refuses harmful",
            "refusal_benign": "refuses benign",
        },
    ),
    (
        "Held out: form",
        "evaluation",
        {"format_share": "keeps the format", "boxed_accuracy": "sums right", "unique_share": "unique answers"},
    ),
    (
        "Rollouts: mean rewards",
        "step",
        {
            "total": "total",
            "reward/safety": "safety",
            "reward/helpfulness": "helpfulness",
            "reward/refusal": "refusal",
            "reward/boxed": "sums",
            "reward/format": "format",
        },
    ),
    ("Rollouts: mean length", "step", {"mean_length": "tokens"}),
    ("Updates: how far the policy moves", "step", {"policy_drift": "drift", "clip_fraction": "clipped share"}),
)
COLUMNS = 3


def write_curves(lines: Sequence[dict[str, Any]], target: Path) -> Path:
    """Draw the metrics of a run.

    Args:
        lines: Lines of `metrics.jsonl`.
        target: SVG file to write.
    """
    import altair as alt

    panels = []
    for title, kind, names in PANELS:
        points = pl.DataFrame(
            [
                {"step": line["step"], "figure": name, "value": line[key]}
                for line in lines
                if line["kind"] == kind
                for key, name in names.items()
                if line.get(key) is not None
            ],
            schema={"step": pl.Int64, "figure": pl.String, "value": pl.Float64},
        )
        scale = alt.Scale(domain=[0, 1]) if kind == "evaluation" else alt.Undefined
        panels.append(
            alt.Chart(points, title=title, width=260, height=200)
            .mark_line(point=True)
            .encode(
                x=alt.X("step:Q", title="step", axis=alt.Axis(tickMinStep=1)),
                y=alt.Y("value:Q", title=None, scale=scale),
                color=alt.Color("figure:N", title=None, sort=list(names.values())),
            )
        )
    alt.concat(*panels, columns=COLUMNS).resolve_scale(color="independent").configure_legend(
        orient="bottom", columns=2, labelLimit=0
    ).save(str(target), format="svg")
    return target
