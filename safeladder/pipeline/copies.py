"""Keep one of several copies: exact, near by text, near by picture, and by meaning where that is asked for.

What compares rows is imported by whoever compares: a plan needs no compiled kernels.
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path

import polars as pl

from catalog import Accounting, Context, Output, Stage, Store, digest, releases, with_text
from corpus import pieces
from safeladder.pipeline.frames import annotations_of, table
from safeladder.recipe import DedupConfig

# A minimal pair with two answers is what a verifier learns most from: only rows with the same answer are copies.
ANSWER = ["task", "label", "unsafe"]
DOCUMENTS = 100_000  # in a file
NO_COPIES = pl.DataFrame(
    schema={"row": pl.UInt32, "matched_id": pl.String, "similarity": pl.Float64, "reason": pl.String}
)


def dedup_stage(
    config: DedupConfig, *, licenses: Mapping[str, str], against: str | None = None, workers: int = 1
) -> Stage:
    """Keep one of several copies.

    Args:
        config: When two rows are copies.
        licenses: SPDX expression of each source: of two copies, the freer one is preferred.
        against: Release whose rows are there already: what is a copy of one of them goes.
        workers: Processes; change no result.
    """
    return Stage(
        name="dedup",
        work=lambda context: _dedup(context, config, licenses, against, workers),
        after=("filter",),
        config=config.model_dump(mode="json") | {"licenses": dict(licenses)},
        reads={"against": against} if against else {},
        version=5,  # 1 compared no pictures, 2 took another answer to a long question for a copy, 3, 4 hashed otherwise
    )


def _dedup(
    context: Context, config: DedupConfig, licenses: Mapping[str, str], against: str | None, workers: int
) -> Output:
    from corpus import dedup

    rows = with_text(context.read("working", "filter")).with_row_index("row")
    seen = look(context.store, rows, ocr=config.ocr, workers=workers, tick=partial(_tick, context, "pictures"))
    rows = dedup.with_looks(rows, seen).with_columns(dedup.keep_rank(rows, licenses=licenses))
    exact = dedup.exact_duplicates(rows)
    conflicts = dedup.label_conflicts(rows)
    left = rows.join(exact, on="row", how="anti")
    alike = _like_pictures(left, seen, config.pictures)
    left = left.join(alike, on="row", how="anti")
    near = _near(context, left, config.threshold, against, workers)
    left = left.join(near, on="row", how="anti")
    # No chains: a row stays that went for one which then went itself.
    gone_since = rows.join(near, on="row", how="semi")["sample_id"]
    alike = alike.filter(~pl.col("matched_id").is_in(gone_since.implode()))
    needed = pl.concat([alike["matched_id"], near["matched_id"]])
    meant = _by_meaning(context, left, needed, config.semantic) if config.semantic else NO_COPIES
    later = pl.concat([alike, near, meant])
    exact = _followed(exact, rows, later)
    gone = pl.concat([exact.with_columns(reason=pl.lit("exact_duplicate")).select(NO_COPIES.columns), later])
    rejected = table("rejections", rows.join(gone, on="row"), stage="dedup")
    kept = rows.join(gone, on="row", how="anti").sort("row")
    named = conflicts.join(rows.select("row", "source", "file", "line"), on="row")
    return Output(
        Accounting(rows.height, kept.height, rejected=rejected.height),
        {
            "working": table("working", kept),
            "rejections": rejected,
            "annotations": annotations_of(_handed_on(rows, exact), annotator=pl.col("source")),
            "pictures": table("pictures", seen),
            "label_conflicts": table("label_conflicts", named),
        },
    )


def look(
    store: Store,
    rows: pl.DataFrame,
    *,
    ocr: bool,
    workers: int,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> pl.DataFrame:
    """What is known of the pictures of rows: `corpus.pictures.signals` with pixels in hexadecimal, and `text`.

    Text is that of the render spec of a picture that was drawn here; of others, with `ocr`, what is read in them.
    """
    from corpus import pictures

    names = rows["images"].explode(empty_as_null=False).unique().sort()
    said = store.read("media").unique("media_id", keep="first").select("media_id", "text")
    seen = pictures.signals(
        ((name, store.get_media(name)) for name in names),
        workers=workers,
        tick=lambda done, _: tick(done, len(names)),
    )
    seen = seen.join(said, on="media_id", how="left").with_columns(pl.col("pixels").bin.encode("hex"))
    silent = seen.filter(pl.col("text").is_null() & pl.col("reason").is_null())["media_id"]
    if not ocr or silent.is_empty():
        return seen
    read = pictures.texts(
        {name: store.get_media(name) for name in silent},
        folder=store.path / "work" / "ocr",
        workers=workers,
        tick=tick,
    )
    found = seen.join(read.select("media_id", read="text"), on="media_id", how="left", maintain_order="left")
    return found.with_columns(text=pl.coalesce("text", "read")).drop("read")


def _tick(context: Context, what: str, done: int, total: int) -> None:
    context.tick(done, total, what)


def _like_pictures(left: pl.DataFrame, seen: pl.DataFrame, bits: int) -> pl.DataFrame:
    from corpus import pictures

    shown = left.filter(pl.col("images").list.len() > 0)
    found = [pictures.picture_duplicates(group, seen, max_distance=bits) for group in shown.partition_by(ANSWER)]
    return pl.concat([NO_COPIES, *(part.with_columns(reason=pl.lit("near_picture")) for part in found)])


def _documents(rows: pl.DataFrame) -> pl.DataFrame:
    """Texts with what must be the same besides: the answer and the pictures."""
    from corpus.dedup import PARTING

    answer = [pl.col(name).cast(pl.String).fill_null("") for name in ANSWER]
    parts = [pl.col(name).str.replace_all(PARTING, " ", literal=True) for name in ("prompt", "response")]
    return rows.select(
        "row",
        "rank",
        id="sample_id",
        text=pl.concat_str(*parts, separator=PARTING, ignore_nulls=True),
        group=pl.concat_str(*answer, pl.col("looks").list.join(" "), separator="\x1f"),
    )


def _near(context: Context, left: pl.DataFrame, threshold: float, against: str | None, workers: int) -> pl.DataFrame:
    from corpus import dedup

    documents = _documents(left)
    inputs = [
        context.workdir / "documents" / f"{at // DOCUMENTS:04d}.parquet" for at in range(0, left.height, DOCUMENTS)
    ]
    for path, start in zip(inputs, count(0, DOCUMENTS)):
        pieces.write(path, documents.drop("row")[start : start + DOCUMENTS])
    done = dedup.deduplicate(
        inputs,
        context.workdir / "near",
        threshold=threshold,
        index=_index(context.store, against, threshold, workers) if against else None,
        workers=workers,
        tick=partial(_tick, context, "pieces"),
    )
    found = done.gone.with_columns(row=documents["row"].gather(done.gone["row"]), reason=pl.lit("near_duplicate"))
    return found.select(NO_COPIES.columns)


def _index(store: Store, release_id: str, threshold: float, workers: int) -> Path:
    """The rows of a release, kept beside the store's work under what they are compared by."""
    from corpus import dedup
    from corpus.dedup import index as indexes

    folder = store.path / "work" / "near-duplicates" / digest([release_id, threshold, indexes.VERSION])
    members = releases.release_rows(store, release_id)
    samples = store.read("samples").unique("sample_id", keep="first").select("sample_id", "messages")
    rows = with_text(members.join(samples, on="sample_id", maintain_order="left")).with_row_index("row")
    rows = dedup.with_looks(rows, look(store, rows, ocr=False, workers=workers)).with_columns(
        rank=pl.int_range(pl.len())
    )
    return indexes.write(folder, _documents(rows), threshold=threshold)


def _by_meaning(context: Context, left: pl.DataFrame, needed: pl.Series, threshold: float) -> pl.DataFrame:
    from corpus.dedup import PARTING
    from corpus.dedup.semantic import semantic_duplicates
    from corpus.embed import vectors

    texts = _documents(left)
    vectors_ND = vectors(
        texts.select(pl.col("text").str.replace(PARTING, "\n", literal=True), sample_id="id"),
        folder=context.store.path / "work" / "vectors" / "whole",
        tick=partial(_tick, context, "embeddings"),
    )
    # A row for which another one went stays: what went would else be gone for nothing.
    stays = pl.col("id").is_in(needed.implode())
    texts = texts.with_columns(pl.col("rank").cast(pl.Int64) - pl.when(stays).then(1 << 40).otherwise(0), needed=stays)
    found = []
    for group in texts.with_row_index("at").partition_by("group"):
        ids, rank = group["id"], group["rank"]
        part = semantic_duplicates(vectors_ND[group["at"].to_numpy()], ids, rank, threshold=threshold)
        part = part.with_columns(needed=group["needed"].gather(part["row"]), row=group["row"].gather(part["row"]))
        found.append(part.filter(~pl.col("needed")).with_columns(reason=pl.lit("same_meaning")))
    return pl.concat([NO_COPIES, *(part.select(NO_COPIES.columns) for part in found)])


def _followed(exact: pl.DataFrame, rows: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    """Exact copies, each with the row that stays in the end: what it copied may be a near copy of another."""
    gone = rows.select("row", "sample_id").join(later, on="row")
    moved = gone.select(matched_id="sample_id", stays="matched_id", near="similarity")
    return exact.join(moved, on="matched_id", how="left").select(
        "row",
        matched_id=pl.coalesce("stays", "matched_id"),
        similarity=pl.coalesce("near", "similarity"),
    )


def _handed_on(rows: pl.DataFrame, copies: pl.DataFrame) -> pl.DataFrame:
    """Exact copies under another id, as rows of the sample that stays: their labels must not go with them."""
    copied = rows.join(copies, on="row").filter(pl.col("sample_id") != pl.col("matched_id"))
    return copied.with_columns(sample_id=pl.col("matched_id"))
