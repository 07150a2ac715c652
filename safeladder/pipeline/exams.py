"""Keep rows out that hold an item of an exam, and let no release go that has one."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import polars as pl

from catalog import Accounting, Context, Output, Stage, Store, with_text
from safeladder.pipeline.copies import look
from safeladder.pipeline.frames import table
from safeladder.recipe import ExamConfig

HELD = "holds_exam_item"


def stage(config: ExamConfig, *, workers: int = 1) -> Stage:
    """Reject every row that holds an item of the exams.

    Raises:
        FileNotFoundError: If an exam is not there.
    """
    return Stage(
        name="decontaminate",
        work=lambda context: _decontaminate(context, config, workers),
        after=("dedup",),
        config=config.model_dump(mode="json", exclude={"exams"}),
        reads=digests(config),
        version=2,  # 1 took the neighbours of an edited word for missing, and pages with other words for one page
    )


def digests(config: ExamConfig) -> dict[str, str]:
    """What the exams are, by the name of their file.

    Raises:
        FileNotFoundError: If one is not there.
        ValueError: If one cannot be read whole, or has no item.
    """
    from corpus import decontaminate

    found = {}
    for name in config.exams:
        if not Path(name).is_file():
            raise FileNotFoundError(f"no exam at {name}; docs/decontaminate.md says what such a file holds")
        if not decontaminate.read(Path(name)).items.height:
            raise ValueError(f"{name}: an exam without an item; docs/decontaminate.md says what such a file holds")
        found[Path(name).name] = hashlib.sha256(Path(name).read_bytes()).hexdigest()
    return found


def hits(
    store: Store,
    rows: pl.DataFrame,
    config: ExamConfig,
    *,
    workers: int = 1,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> pl.DataFrame:
    """Items of the exams in rows, as `corpus.decontaminate.find` gives them.

    Args:
        store: Where the pictures are.
        rows: `sample_id` and `messages`.
        config: The exams.
        workers: Processes.
        tick: Told how many rows are done.
    """
    from corpus import decontaminate

    read_in = store.path / "work" / "ocr" if config.ocr else None
    index = decontaminate.index([decontaminate.read(Path(name), ocr=read_in) for name in config.exams])
    texts = with_text(rows.unique("sample_id", keep="first", maintain_order=True))
    seen = look(store, texts, ocr=config.ocr, workers=workers)
    return decontaminate.find(
        with_shown(texts, seen),
        index,
        signals=seen.with_columns(pl.col("pixels").str.decode("hex")),
        embeddings=store.path / "work" / "vectors" / "exams" if config.meaning else None,
        tick=tick,
    )


def with_shown(rows: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Rows with `ocr`, the text that is known to stand in their pictures; null where none is.

    Args:
        rows: `sample_id` and `images`, lists of media_id.
        seen: `media_id` and `text`.
    """
    shown = (
        rows.select("sample_id", media_id="images")
        .explode("media_id", empty_as_null=False)
        .join(seen.select("media_id", "text").drop_nulls(), on="media_id", maintain_order="left")
        .group_by("sample_id")
        .agg(ocr=pl.col("text").str.join("\n"))
    )
    return rows.join(shown, on="sample_id", how="left", maintain_order="left")


def refuse(store: Store, sample_ids: pl.Series, config: ExamConfig, *, name: str) -> None:
    """Hold a release back that has a row with an item of an exam, as one that was made from clean rows may.

    Raises:
        RuntimeError: With the ids of some, never their texts.
    """
    samples = store.read("samples").unique("sample_id", keep="first")
    found = hits(store, samples.filter(pl.col("sample_id").is_in(sample_ids.implode())), config)
    if found.is_empty():
        return
    first = found.unique("sample_id", maintain_order=True).head(3)
    shown = ", ".join(
        f"{row[0][:12]} ({row[1]}, item {row[2]})" for row in first.select("sample_id", "exam", "item_id").rows()
    )
    raise RuntimeError(
        f"release {name!r} holds items of exams in {found['sample_id'].n_unique()} rows, so it is not frozen: {shown}; "
        "`safeladder exam check` shows all of them; take out of the recipe what makes them"
    )


def _decontaminate(context: Context, config: ExamConfig, workers: int) -> Output:
    rows = context.read("working", "dedup")

    def tick(done: int, total: int) -> None:
        context.tick(done, total, "rows")

    found = hits(context.store, rows, config, workers=workers, tick=tick)
    held = table("rejections", rows.join(first_hits(found), on="sample_id"), stage="decontaminate", reason=HELD)
    kept = rows.join(found, on="sample_id", how="anti", maintain_order="left")
    return Output(
        Accounting(rows.height, kept.height, rejected=held.height),
        {"working": table("working", kept), "rejections": held},
    )


def first_hits(found: pl.DataFrame) -> pl.DataFrame:
    """For every sample the clearest of its hits: `sample_id`, `similarity`, and `detail`, which names the item."""
    closest = pl.coalesce("containment", "similarity")
    where = pl.when(pl.col("start").is_not_null()).then(pl.format(" {}-{}", "start", "end")).otherwise(pl.lit(""))
    return (
        found.with_columns(closest=closest)
        .sort("closest", descending=True, maintain_order=True)
        .unique("sample_id", keep="first", maintain_order=True)
        .select(
            "sample_id",
            similarity="closest",
            detail=pl.format("{} item {}: {} in {}{}", "exam", "item_id", "kind", "column", where),
        )
    )
