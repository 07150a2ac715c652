"""Measure the signals of a release, and draw what it talks about."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from catalog import Store, digest, read_model
from catalog.labels import TASKS
from catalog.releases import find_release, release_rows
from corpus import signals
from corpus.embed import vectors
from corpus.signals.spread import across_languages, areas, coverage
from safeladder.pipeline.frames import table
from synth import balance

Tick = Callable[[int, int], None]

OF_REPLY = ("refusal", "toxicity", "cut_off", "repeats_prompt")
MEASURED = (
    "cluster_size", "nearest_id", "nearest", "difficulty", "difficulty_from", "neighbour_noise", "verdict_noise",
    "label_noise", *OF_REPLY,
)  # fmt: skip

# The verdict of the newest verifier that did not learn from the row.
VERDICTS = """
select v.sample_id, v.probs, v.p_unsafe from verdicts v join checkpoints c using (checkpoint_id)
where not v.abstained and not exists (
    from release_rows r
    where r.release_id = c.release_id and r.sample_id = v.sample_id and r.task = 'safety' and r.split = 'train')
qualify row_number() over (partition by v.sample_id order by c.created_at desc, v.added_seq desc) = 1"""

# The reply comes first: embeddings read 128 tokens, and a label is about the reply.
TEXTS = "select sample_id, any_value(concat_ws(chr(10), response, prompt)) as text from rows group by 1 order by 1"
SAID = "select sample_id, any_value(prompt) as prompt, any_value(response) as response from rows group by 1"


def measure(path: Path, release: str | None, *, tick: Tick = lambda done, total: None) -> dict[str, Any]:
    """Measure the signals of a release, keep them in the catalog, and draw the map of what it talks about.

    Args:
        path: The store.
        release: Name or digest; the newest by default.
        tick: Told how many of how many new texts are embedded.

    Returns:
        `release`, `rows`, how many of them have each signal, and the files `map` and `coverage`.
    """
    store = Store.existing(path)
    found = find_release(store, release)
    with read_model.connect(path) as connection:
        members = balance.members(connection, release=found["release_id"], languages=languages_of(path))
        texts = pl.DataFrame(connection.sql(TEXTS).to_arrow_table())
        said = pl.DataFrame(connection.sql(SAID).to_arrow_table())
        verdicts = pl.DataFrame(connection.sql(VERDICTS).to_arrow_table())
        wrong = balance.share_wrong(balance.rollouts(connection)).select("prompt_id", "wrong")
    texts = texts.join(members, on="sample_id", how="semi").sort("sample_id")
    vectors_ND = vectors(texts, folder=vectors_of(path), tick=tick)
    frozen = release_rows(store, found["release_id"]).select("sample_id", "task", "label", "unsafe", "cluster_id")
    rows = (
        members.drop("label", "cluster_id")
        .join(frozen, on=["sample_id", "task"], how="inner")
        .join(verdicts, on="sample_id", how="left")
        .join(wrong, on="prompt_id", how="left")
        .join(said, on="sample_id", how="left")
        .sort("sample_id", "task")
    )
    measured = _signals(rows, texts["sample_id"], vectors_ND)
    batch = digest({"signals": found["release_id"], "rows": digest([list(row) for row in measured.iter_rows()])})
    new = table("signals", measured, release_id=found["release_id"]).with_columns(stage_id=pl.lit(batch))
    store.commit(batch, {"signals": new})
    read_model.build(store)
    folder = path / "reports" / f"signals-{found['release_id'][:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    rows_ND = vectors_ND[places(texts["sample_id"], rows["sample_id"])]
    (folder / "coverage.svg").write_text(signals.coverage_map(rows, rows_ND), encoding="utf-8")
    alike_ND = across_languages(rows_ND, rows["language"])
    coverage(rows, areas(alike_ND), balance.KEY[:5]).write_csv(folder / "coverage.csv")
    counted = [name for name in MEASURED if name not in ("nearest_id", "difficulty_from")]
    known = {name: measured.height - measured[name].null_count() for name in counted}
    files = {"map": str(folder / "coverage.svg"), "coverage": str(folder / "coverage.csv")}
    return {"release": found["name"], "rows": measured.height} | known | files


def _signals(rows: pl.DataFrame, ids: pl.Series, vectors_ND: np.ndarray) -> pl.DataFrame:
    """The signals of rows (one per sample and task), with one vector for each of `ids`."""
    close = signals.nearest(vectors_ND, k=1)
    beside = pl.DataFrame(
        {
            "sample_id": ids,
            "nearest_id": ids.gather(pl.Series(close.at_NK[:, 0]).replace(-1, None)),
            "nearest": pl.Series(close.cosine_NK[:, 0]).fill_nan(None),
        }
    )
    noise = [_neighbour_noise(part, ids, vectors_ND) for part in rows.partition_by("task")]
    safety = pl.col("task") == "safety"
    hard, hard_from = signals.difficulty(wrong=pl.col("wrong"), p_unsafe=pl.when(safety).then("p_unsafe"))
    doubt = signals.verdict_noise(
        label=pl.col("label"),
        unsafe=pl.col("unsafe"),
        probs=pl.col("probs"),
        p_unsafe=pl.col("p_unsafe"),
        labels=list(TASKS["safety"]),
    )
    return (
        rows.with_columns(signals.of_reply(rows["prompt"], rows["response"]))
        .join(beside, on="sample_id", how="left")
        .join(pl.concat(noise), on=["sample_id", "task"], how="left")
        .with_columns(
            cluster_size=pl.col("sample_id").n_unique().over("cluster_id"),
            difficulty=hard,
            difficulty_from=hard_from,
            verdict_noise=pl.when(safety).then(doubt),
        )
        .with_columns(label_noise=signals.label_noise(pl.col("neighbour_noise"), pl.col("verdict_noise")))
        .select("sample_id", "task", *MEASURED)
        .sort("sample_id", "task")
    )


def _neighbour_noise(rows: pl.DataFrame, ids: pl.Series, vectors_ND: np.ndarray) -> pl.DataFrame:
    """Of rows of one task; only labelled rows are asked and answer."""
    labelled = rows.filter(pl.col("label").is_not_null())
    close = signals.nearest(vectors_ND[places(ids, labelled["sample_id"])])
    return labelled.select("sample_id", "task", neighbour_noise=signals.neighbour_noise(labelled["label"], close))


def languages_of(path: Path) -> Path:
    """Where a store keeps the language of each sample."""
    return path / "work" / "languages.parquet"


def vectors_of(path: Path) -> Path:
    """Where a store keeps the vectors of `TEXTS`."""
    return path / "work" / "vectors-reply-first"


def places(ids: pl.Series, asked: pl.Series) -> np.ndarray:
    """Position in `ids`, which are sorted and hold all of them, of each id."""
    return np.searchsorted(ids.to_numpy(), asked.to_numpy())
