"""What became of the requests of each generator in a run, from the catalog's own accounting."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from catalog import Store
from safeladder.pipeline.generate import PREFIX
from safeladder.standing import standing

Tick = Callable[[int, int], None]


def rates(
    store: Store, run: str | None = None, *, novelty: Path | None = None, tick: Tick = lambda done, total: None
) -> list[dict[str, Any]]:
    """One row per generator: its requests, and the share of them that reached each point.

    A request counts as judged, a duplicate or kept if a row made of it is, or a row made of that one in turn: what a
    generator of requests wrote is kept in the rows that answer it. Two rows of one answer count once.

    Args:
        store: The store.
        run: Run id or its beginning; by default the latest.
        novelty: Folder for vectors: measure 1 - cosine to the nearest row that this run did not make.
        tick: Told how many of how many texts are embedded.

    Returns:
        `generator`, `requests`, `parsed`, `judged`, `duplicate`, `kept` (shares of the requests), `tokens_per_kept` and
        `seconds_per_kept` (None where nothing was kept), and `novelty` (median over the kept rows) if it was asked for.

    Raises:
        LookupError: If the run has no generator.
    """
    stages = {row["stage"]: row for row in standing(store, store.path, run).stages}
    mine = {name: row for name, row in stages.items() if name.startswith(PREFIX)}
    if not mine:
        raise LookupError("this run wrote nothing: `safeladder synth run` does")
    edges = pl.concat([store.read("lineage", batch_id=row["stage_id"]) for row in mine.values()])
    up = edges.select("child_id", "parent_id").unique()

    def ids(stage: str, table: str) -> set[str]:
        return set(store.read(table, batch_id=stages[stage]["stage_id"])["sample_id"])

    judged = _with_ancestors(ids("judged", "working"), up)
    kept_rows = ids("release", "release_rows")
    kept = _with_ancestors(kept_rows, up)
    copies = _with_ancestors(ids("dedup", "rejections"), up)
    new = _novelty(store, kept_rows, edges, novelty, tick) if novelty else {}
    found = []
    for name, stage in mine.items():
        answers = _answers(store, stage["stage_id"])
        spent = _tokens(store, stage["stage_id"], answers)
        asked, stayed = stage["rows_in"], _reached(answers, kept)
        row = {
            "generator": name.removeprefix(PREFIX),
            "requests": asked,
            "parsed": _share(stage["rows_out"], asked),
            "judged": _share(_reached(answers, judged), asked),
            "duplicate": _share(_reached(answers, copies), asked),
            "kept": _share(stayed, asked),
            "tokens_per_kept": round(spent / stayed, 1) if stayed else None,
            "seconds_per_kept": round(stage["seconds"] / stayed, 2) if stayed else None,
        }
        if novelty:
            values = sorted(new[id] for id in kept_rows & set(answers["child_id"]) if id in new)
            row["novelty"] = round(values[len(values) // 2], 3) if values else None
        found.append(row)
    return found


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def _with_ancestors(ids: set[str], up: pl.DataFrame) -> set[str]:
    """Ids, and all that they were made from."""
    found, newest = set(ids), set(ids)
    while newest:
        parents = up.filter(pl.col("child_id").is_in(list(newest)))["parent_id"]
        newest = set(parents) - found
        found |= newest
    return found


def _answers(store: Store, stage_id: str) -> pl.DataFrame:
    """Rows that a stage made: `child_id`, the `answer` that it lies in, and the `tokens` of that.

    A pair is one answer with two rows. What no model wrote is an answer by itself.
    """
    links = store.read("lineage", batch_id=stage_id).unique("child_id", keep="first")
    request, number = (pl.col("detail").str.json_path_match(f"$.{name}") for name in ("request", "answer"))
    return links.select(
        "child_id",
        answer=pl.coalesce(pl.concat_str(request, number, separator="/"), "child_id"),
        tokens=_spent(),
    )


def _reached(answers: pl.DataFrame, rows: set[str]) -> int:
    """Answers of which a row is among these."""
    return answers.filter(pl.col("child_id").is_in(list(rows)))["answer"].n_unique()


def _tokens(store: Store, stage_id: str, answers: pl.DataFrame) -> int:
    """Tokens that the answers of a stage took, those too that gave no row."""
    lost = store.read("rejections", batch_id=stage_id).select(tokens=_spent())
    return sum(pl.concat([answers.unique("answer")["tokens"], lost["tokens"]]).drop_nulls())


def _spent() -> pl.Expr:
    return pl.col("detail").str.extract(r'"tokens": (\d+)').cast(pl.Int64)


def _novelty(store: Store, kept: set[str], edges: pl.DataFrame, folder: Path, tick: Tick) -> Mapping[str, float]:
    from catalog import with_text
    from corpus.embed import vectors
    from synth import balance

    made = set(edges["child_id"])
    texts = with_text(store.read("samples").unique("sample_id", keep="first")).select(
        "sample_id", text=pl.concat_str("prompt", "response", separator="\n", ignore_nulls=True)
    )
    new = texts.filter(pl.col("sample_id").is_in(list(kept)))
    old = texts.filter(~pl.col("sample_id").is_in(list(made)))
    found = balance.novelty(vectors(new, folder=folder, tick=tick), vectors(old, folder=folder, tick=tick))
    return dict(zip(new["sample_id"], found, strict=True))
