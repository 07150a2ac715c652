"""Ingest: one stage per source; every record of its files becomes rows or a rejection."""

import hashlib
from pathlib import Path

import polars as pl

from catalog import Accounting, Context, Output, Stage, digest
from corpus import screen, sources
from safeladder.pipeline.frames import annotations_of, empty, samples_of, table


def stage(slug: str, data: Path) -> Stage:
    """Read one source."""
    source = sources.Source.load(slug)
    files = sources.files(source, data)
    digests = {file: _sha256(sources.path_of(source, data, file)) for file in files}
    return Stage(
        name=f"ingest:{slug}",
        work=lambda context: _ingest(context, source, data, digests),
        config=source.model_dump(mode="json") | {"screen": screen.version()},
        reads=digests,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ingest(context: Context, source: sources.Source, data: Path, digests: dict[str, str]) -> Output:
    rows, rejected, media, records = [empty("working")], [empty("rejections")], [], 0
    for done, file in enumerate(digests):
        context.tick(done, len(digests), "files")
        for read in sources.read(source, data, file):
            rows.append(read.rows)
            rejected.append(table("rejections", read.rejections, stage=f"ingest:{source.slug}"))
            records += read.records
            for row, picture in read.media:
                context.store.put_media(picture)
                media.append(row)
    kept, out = pl.concat(rows), pl.concat(rejected)
    description = {
        "source": source.slug,
        "title": source.title,
        "home": source.home,
        "license": source.license,
        "tier": source.tier,
        "citation": source.citation,
        "digest": digest(sorted(digests.values())),
        "records": records,
    }
    return Output(
        Accounting(kept.height + out.height, kept.height, rejected=out.height),
        {
            "working": kept,
            "samples": samples_of(kept),
            "occurrences": table("occurrences", kept),
            "annotations": annotations_of(kept, annotator=pl.col("source")),
            "media": table("media", pl.DataFrame(media)) if media else empty("media"),
            "rejections": out,
            "sources": table("sources", pl.DataFrame([description])),
        },
    )
