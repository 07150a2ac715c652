"""The card of a checkpoint: what it learned from, how good it is, where it is weak, what it is not for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from verifiers.checkpoint import CARD
from verifiers.policy import Policy

SHOWN = ("auroc", "auprc", "f1", "precision", "recall", "brier", "ece_before", "ece_after", "accuracy", "macro_f1")
WEAK = 30  # rows; a slice with fewer is too small to trust


def write_card(folder: Path, manifest: Mapping[str, Any], rows: pl.DataFrame, metrics: pl.DataFrame) -> None:
    """Render `README.md` from the manifest, the rows and the metrics of a checkpoint."""
    split = "test" if (metrics["split"] == "test").any() else "calibration"
    shown = metrics.filter(pl.col("split") == split)
    overall = shown.filter(pl.col("slice") == "all")
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["number"] = _number
    text = environment.get_template("card.md").render(
        manifest=manifest,
        policy=Policy.load(manifest["policy"]["name"]),
        split=split,
        trained=_trained(rows),
        overall=[_figure(overall, metric) for metric in SHOWN],
        coverage=_one(overall, "verifier", "coverage"),
        not_scored=_one(overall, "verifier", "not_scored"),
        difference=(difference := _one(overall, "verifier", "auroc_difference")),
        verdict=_verdict(difference),
        length=_one(overall, "length", "auroc"),
        slices=[_slice(shown, name) for name in shown["slice"].unique(maintain_order=True)],
        weak=WEAK,
    )
    (folder / CARD).write_text(text, encoding="utf-8")


def _trained(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows per split and language: how many, how many unsafe, how many with one of the six labels."""
    return (
        rows.group_by("split", "language")
        .agg(
            pl.len().alias("rows"),
            pl.col("unsafe").sum(),
            pl.col("label").count().alias("six_way"),
            pl.col("cluster_id").n_unique().alias("clusters"),
        )
        .sort(pl.col("split").cast(pl.Enum(["train", "calibration", "test"])), "language")
        .to_dicts()
    )


def _one(table: pl.DataFrame, model: str, metric: str) -> dict[str, Any]:
    """The line of a metric; a line of nothing where the metric was not measured."""
    found = table.filter((pl.col("model") == model) & (pl.col("metric") == metric)).to_dicts()
    return found[0] if found else {"value": None, "low": None, "high": None, "n": 0, "positives": 0}


def _figure(table: pl.DataFrame, metric: str) -> dict[str, Any]:
    return {"metric": metric, "verifier": _one(table, "verifier", metric), "baseline": _one(table, "baseline", metric)}


def _slice(table: pl.DataFrame, name: str) -> dict[str, Any]:
    here = table.filter(pl.col("slice") == name)
    names = ("coverage", "unknown_tokens", "auroc", "f1", "ece_after")
    return {"name": name, "baseline": _one(here, "baseline", "auroc")} | {
        metric: _one(here, "verifier", metric) for metric in names
    }


def _verdict(difference: Mapping[str, Any]) -> str:
    """What may be said about the verifier against the baseline, given the interval of their difference."""
    if difference["low"] is None:
        return "Whether it beats the baseline cannot be said: the split is too small or has one class."
    if difference["low"] > 0:
        return "It beats the baseline."
    if difference["high"] < 0:
        return "It is worse than the baseline: use the baseline, or train on more rows."
    return "It is not shown to beat the baseline: the interval of the difference holds 0."


def _number(line: Mapping[str, Any], digits: int = 3) -> str:
    """A figure with its interval; a dash where there is none."""
    if line["value"] is None:
        return "-"
    value = f"{line['value']:.{digits}f}"
    return value if line["low"] is None else f"{value} [{line['low']:.{digits}f}, {line['high']:.{digits}f}]"
