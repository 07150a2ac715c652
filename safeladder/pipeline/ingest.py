"""Ingest: one stage per source; every record of its files becomes rows, a rejection, or a failure."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from catalog import Accounting, Context, Output, Stage, digest, fingerprints
from corpus import screen, sources
from corpus.pieces import REASON_FAILED
from safeladder.pipeline import reading
from safeladder.pipeline.frames import annotations_of, empty, samples_of, table


def stages(slugs: Sequence[str], data: Path, *, workers: int = 1) -> list[Stage]:
    """Read each source in a stage of its own; with several workers the first one reads ahead for all of them.

    Args:
        slugs: Sources by slug, or descriptions of one's own by path.
        data: Folder with a folder for each source.
        workers: Processes that read; they change no result.

    Raises:
        FileNotFoundError: If the files of sources are not there; names all of them.
        ValueError: If there is no such source, or two descriptions bear one slug.
    """
    chain: list[Stage] = []
    known: dict[str, tuple[sources.Source, dict[str, str], str | None]] = {}

    def ahead(context: Context) -> Iterator[reading.Piece]:
        for name, stage_id in fingerprints(chain).items():
            if stage_id != context.stage_id and not context.store.has(stage_id):
                source, digests, pictures = known[name]
                yield from reading.cut(source, data, digests, context.workdir.parent / stage_id, pictures=pictures)

    def work(context: Context, name: str) -> Output:
        return _ingest(context, *known[name], data, ahead(context) if workers > 1 else (), workers)

    for source, files in found(slugs, data):
        digests = {file: sources.digest_of(source, data, file) for file in files}
        name = f"ingest:{source.slug}"
        pictures = sources.pictures_of(source, data)
        known[name] = source, digests, pictures
        reads = digests | ({"$pictures": pictures} if pictures else {})  # no file of a source has such a name
        config = source.model_dump(mode="json") | {"screen": screen.version()}
        chain.append(Stage(name, partial(work, name=name), config=config, reads=reads))
    return list(chain)


def found(names: Sequence[str], data: Path) -> list[tuple[sources.Source, list[str]]]:
    """The files of each source, named as in `stages`; raises as that does, with one error for all that are absent."""
    named = [sources.Source.load(name) for name in names]
    slugs = [source.slug for source in named]
    if twice := sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        raise ValueError(f"two descriptions have the slug {', '.join(twice)}: give each source one of its own, once")
    there, absent = [], []
    for source in named:
        try:
            there.append((source, sources.files(source, data)))
        except FileNotFoundError as error:
            absent.append(str(error))
    if absent:
        raise FileNotFoundError("\n".join(dict.fromkeys(absent)))  # a data root that does not exist is said once
    return there


def _ingest(
    context: Context,
    source: sources.Source,
    digests: dict[str, str],
    pictures: str | None,
    data: Path,
    ahead: Iterable[reading.Piece],
    workers: int,
) -> Output:
    cut = reading.cut(source, data, digests, context.workdir, pictures=pictures)
    rows, out, media, notes = [empty("working")], [empty("rejections")], [empty("media")], [empty("notes")]
    if context.before:  # what did not fail stands; a file with a record that failed is read again
        rejected = context.read_before("rejections")
        failed = set(rejected.filter(pl.col("reason") == REASON_FAILED)["file"])
        cut = [piece for piece in cut if failed & set(piece.files)]
        stands = ~pl.col("file").is_in([file for piece in cut for file in piece.files])
        rows, out = [context.read_before("working").filter(stands)], [rejected.filter(stands)]
        media, notes = [context.read_before("media")], [context.read_before("notes")]
    reading.read_all(cut, ahead, workers=workers, tick=lambda done, total: context.tick(done, total, "pieces"))
    records = sum(map(reading.records_of, cut))
    if not records and not context.before:
        raise ValueError(f"source {source.slug}: its {len(digests)} files hold no record: safeladder source check")
    for part in (part for piece in cut for part in reading.parts_of(piece)):
        for picture in part.media["data"]:
            context.store.put_media(picture)
        rows.append(part.rows)
        out.append(table("rejections", part.rejections, stage=f"ingest:{source.slug}"))
        media.append(part.media.drop("data"))
        notes.append(table("notes", part.notes, source=source.slug))
    _check(source, pl.concat([*rows[1:], empty("working")]), pl.concat([*out[1:], empty("rejections")]), records)
    kept, gone = (pl.concat(frames).sort("file", maintain_order=True) for frames in (rows, out))
    if context.before:
        records = int(context.read_before("sources")["records"].item())
    bad = int((gone["reason"] == REASON_FAILED).sum())
    files = [
        {"source": source.slug, "file": file, "sha256": sha256, **sources.format_of(source, data, file)}
        for file, sha256 in digests.items()
    ]
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
        Accounting(kept.height + gone.height, kept.height, rejected=gone.height - bad, failed=bad),
        {
            "working": kept,
            "samples": samples_of(kept),
            "occurrences": table("occurrences", kept),
            "annotations": annotations_of(kept, annotator=pl.col("source")),
            "media": pl.concat(media).unique("media_id", keep="first", maintain_order=True),
            "rejections": gone,
            "sources": table("sources", pl.DataFrame([description])),
            "source_files": table("source_files", pl.DataFrame(files)),
            "notes": pl.concat(notes).unique(maintain_order=True),
        },
    )


def _check(source: sources.Source, kept: pl.DataFrame, gone: pl.DataFrame, records: int) -> None:
    """Raise where a record that was read is neither among the rows nor among the rejections."""
    met = pl.concat([kept.select("file", "line"), gone.select("file", "line")]).n_unique()
    if met != records:
        raise RuntimeError(f"source {source.slug}: {records} records were read, but {met} became rows or rejections")
