"""Fill the page: ask every question, draw what is drawn, say in words whether the verifier earned its keep."""

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, PackageLoader, StrictUndefined

from catalog import read_model
from catalog.files import LocalFiles
from safeladder.report.plots import bars
from safeladder.report.queries import Question, questions


def write_report(
    store: Path, run_id: str, folder: Path, *, release_id: str, verifier: str | None = None, policy: str | None = None
) -> Path:
    """Write `report.html` of a run.

    Args:
        store: Folder of the store; its catalog must be built.
        run_id: The run.
        folder: Where the page goes.
        release_id: The release that the run froze.
        verifier: Id of the verifier that it trained, if any.
        policy: Id of the policy that it trained, if any.

    Returns:
        Path of the page.
    """
    with read_model.connect(store) as connection:
        asked = questions(run_id, release_id, verifier)
        sections = [section for question in asked if (section := _section(connection, question, store))]
        run = _rows(connection, f"select * from runs where run_id = '{run_id}'")[0]
        verdict = _verdict(connection, verifier)
    environment = Environment(
        loader=PackageLoader("safeladder.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("report.html").render(
        run=run,
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        sections=sections,
        verdict=verdict,
        curves=(store / "checkpoints" / policy / "curves.svg").read_text(encoding="utf-8") if policy else None,
    )
    target = folder / "report.html"
    target.unlink(missing_ok=True)
    LocalFiles(folder).put(target.name, page.encode())
    return target


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _section(connection: duckdb.DuckDBPyConnection, question: Question, store: Path) -> dict[str, Any] | None:
    rows = _rows(connection, question.sql)
    if not rows:
        return None
    plot = None
    if question.plot:
        x, y, colour = question.plot
        plot = bars(rows, x=x, y=y, colour=colour)
    command = f"safeladder sql {shlex.quote(question.sql)} --store {shlex.quote(str(store))}"
    return {"title": question.title, "rows": rows, "plot": plot, "command": command}


def _verdict(connection: duckdb.DuckDBPyConnection, verifier: str | None) -> str | None:
    """One sentence: does the verifier beat the baseline on prompts that neither has seen?"""
    found = _rows(
        connection,
        f"""select metric, value, low, high from checkpoint_metrics where metric = 'auroc_difference' and split = 'test'
            and slice = 'all' and checkpoint_id = '{verifier}'""",
    )
    if not found or found[0]["value"] is None:
        return None
    gain = found[0]
    interval = f"{gain['value']:+.3f} AUROC, 95% interval {gain['low']:+.3f} to {gain['high']:+.3f}"
    if gain["low"] > 0:
        return f"On the test split the verifier beats the TF-IDF baseline: {interval}."
    if gain["high"] < 0:
        return f"On the test split the verifier is worse than the TF-IDF baseline: {interval}. Do not use it."
    return f"On the test split the verifier does not demonstrably beat the TF-IDF baseline: {interval}."
