"""Near-duplicate text over files, in datatrove's four stages: signatures, buckets, clusters, filter.

Any number of workers share the first two and the last; the third walks the documents in order of rank, once. Every
file is named by what it was made of, so a killed call goes on where it was, and no result depends on who did what.

A document is a row with `id`, `text`, `rank` and, where only some may be compared, `group`.

Axes: D documents, M members (a document at a shingle length), E entries (a member in a bucket).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from datatrove.pipeline.base import PipelineStep

from catalog.ids import digest
from corpus import pieces
from corpus.dedup import index as indexes
from corpus.dedup.kernels import HASHES
from corpus.dedup.minhash import Met, band_rows, first_copies, listed, salts, scales, walk
from corpus.dedup.shingles import Scale, buckets, compact, fill, read_members, room_for
from corpus.ranks import Piece, cut, height, run_ranks

VERSION = 2  # 1 knew no parting


class Deduplicated(NamedTuple):
    """What became of the documents, counted from the files: `kept` has their rows, in the order that they had.

    `gone` has `row` (position over all files), `matched_id` and `similarity`.
    """

    rows_in: int
    rows_out: int
    rejected: int
    kept: list[Path]
    gone: pl.DataFrame


class Signatures(PipelineStep):
    """Stage 1, a rank for each piece: tokens, content and band keys of its documents."""

    type = "Dedup"
    name = "signatures"

    def __init__(self, work: Sequence[Piece], paths: Sequence[Path], at: Sequence[Scale], rows: int) -> None:
        super().__init__()
        self.work, self.paths, self.at, self.rows = list(work), list(paths), list(at), rows

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[None]:
        """Read the piece and write two files, documents before members."""
        found = _read(self.work[rank], "text", "group")
        salt_D = salts(found.height, found["group"])
        members = read_members(found["text"], salt_D, self.at, self.rows)
        self.stat_update("documents", value=found.height, unit="piece")
        documents = {"tokens": members.tokens_D, "first": members.content_D2[:, 0], "second": members.content_D2[:, 1]}
        pieces.write(_beside(self.paths[rank]), pl.DataFrame(documents | {"salt": salt_D}))
        bands = {f"band_{b}": members.bands_MB[:, b] for b in range(members.bands_MB.shape[1])}
        pieces.write(self.paths[rank], pl.DataFrame({"doc": members.doc_M, "scale": members.scale_M} | bands))
        yield from ()


class Buckets(PipelineStep):
    """Stage 2, a rank for each band: which members share a key."""

    type = "Dedup"
    name = "buckets"

    def __init__(self, members: Sequence[Path], paths: Sequence[Path]) -> None:
        super().__init__()
        self.members, self.paths = list(members), list(paths)

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[None]:
        """Read one column of all members."""
        key_M = pl.scan_parquet(self.members).select(f"band_{rank}").collect().to_series().to_numpy()
        member_E, bucket_E = buckets(iter([key_M]))
        entries = {"member": member_E.astype(np.uint32), "bucket": bucket_E.astype(np.uint32)}
        pieces.write(self.paths[rank], pl.DataFrame(entries))
        yield from ()


class Clusters(PipelineStep):
    """Stage 3, one rank: walk the documents in order of rank; one goes for a kept one that it resembles."""

    type = "Dedup"
    name = "clusters"

    def __init__(
        self,
        work: Sequence[Piece],
        signatures: Sequence[Path],
        entries: Sequence[Path],
        path: Path,
        at: Sequence[Scale],
        threshold: float,
        index: Path | None,
    ) -> None:
        super().__init__()
        self.work, self.signatures, self.entries, self.path = list(work), list(signatures), list(entries), path
        self.at, self.threshold, self.index = list(at), threshold, index

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[None]:
        """Read what met, and write who goes."""
        known = indexes.documents(self.index)
        given = known.height
        # What the index has stands before all; of the ids only those that are asked for stay in memory.
        order = pl.concat([_read(piece, "id", "rank") for piece in self.work])
        order_D = order.select(pl.arg_sort_by("rank", "id", nulls_last=True)).to_series().to_numpy().astype(np.int64)
        del order
        order_D = np.concatenate([np.arange(given), order_D + given])
        first_D, tokens_D = self._first(known, order_D)
        met = self._met(order_D, first_D, tokens_D, given)
        matched_D, similarity_D = walk(met, self.at, self.threshold, len(order_D), given=given)
        copies = np.flatnonzero(first_D != np.arange(len(order_D)))
        through = matched_D[first_D[copies]]
        matched_D[copies] = np.where(through < 0, first_D[copies], through)
        similarity_D[copies] = np.where(through < 0, 1.0, similarity_D[first_D[copies]])
        gone = np.flatnonzero(matched_D >= 0)
        gone = gone[gone >= given]  # the index may hold copies; they stay
        ids = pl.concat([known["id"], *(_read(piece, "id")["id"] for piece in self.work)])
        found = {"row": order_D[gone] - given, "matched_id": ids.gather(order_D[matched_D[gone]])}
        pieces.write(self.path, pl.DataFrame(found).with_columns(similarity=pl.Series(similarity_D[gone])).sort("row"))
        yield from ()

    def _first(self, known: pl.DataFrame, order_D: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First copy and tokens of every document, in the order of the walk."""
        columns = ("tokens", "first", "second", "salt")
        documents = pl.concat([known.select(columns), *(pl.read_parquet(_beside(path)) for path in self.signatures)])
        tokens_D, salt_D = (documents[name].to_numpy()[order_D] for name in ("tokens", "salt"))
        return first_copies(tokens_D, documents.select("first", "second").to_numpy()[order_D], salt_D), tokens_D

    def _members(self, given: int) -> pl.DataFrame:
        """`doc` (numbered over the index and all pieces) and `scale` of every member, in the order of the entries."""
        parts, start = [indexes.members(self.index)], given
        for piece, path in zip(self.work, self.signatures, strict=True):
            found = pl.read_parquet(path, columns=["doc", "scale"])
            parts.append(found.with_columns(pl.col("doc") + start))
            start += piece.rows
        return pl.concat([part.cast({"doc": pl.Int64, "scale": pl.UInt8}) for part in parts])

    def _met(self, order_D: np.ndarray, first_D: np.ndarray, tokens_D: np.ndarray, given: int) -> Met:
        place_D = np.empty(len(order_D), np.int64)  # a document's number in the order of the walk
        place_D[order_D] = np.arange(len(order_D))
        members = self._members(given)
        doc_M, scale_M = place_D[members["doc"].to_numpy()], members["scale"].to_numpy()
        del members, place_D
        alone_M = first_D[doc_M] == doc_M
        member, bucket, known = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)], 0
        for path in self.entries:
            entries = pl.read_parquet(path)
            member_E, bucket_E = entries["member"].to_numpy(), entries["bucket"].to_numpy()
            here = alone_M[member_E]
            member_E, bucket_E = member_E[here], bucket_E[here]
            several = np.bincount(bucket_E)[bucket_E] > 1
            _, number_E = compact(bucket_E[several], int(bucket_E.max(initial=0)) + 1)
            member.append(member_E[several].astype(np.int32))
            bucket.append(number_E + np.int32(known))
            known += int(number_E.max(initial=-1)) + 1
        active_M, member_E = compact(np.concatenate(member), len(doc_M))
        del member
        lists = listed(member_E, np.concatenate(bucket), len(active_M))
        del member_E, bucket
        doc_M, scale_M = doc_M[active_M], scale_M[active_M]
        tokens_M = tokens_D[doc_M]
        n_M = np.array([scale.n for scale in self.at])[scale_M]
        sets = room_for(n_M, tokens_M)
        old = int(np.searchsorted(active_M, indexes.members(self.index).height))
        indexes.fill(self.index, sets, active_M[:old])
        number_M, start = order_D[doc_M] - given, 0  # members stand in the order of the documents in the files
        for piece in self.work:
            low, high = old + np.searchsorted(number_M[old:], [start, start + piece.rows])
            texts = _read(piece, "text")["text"].gather(number_M[low:high] - start)
            fill(sets, int(low), texts, n_M[low:high])
            start += piece.rows
        return Met(*lists, doc_M, scale_M, tokens_M, sets)


class Kept(PipelineStep):
    """Stage 4, a rank for each piece: the rows that stay."""

    type = "Dedup"
    name = "kept"

    def __init__(self, work: Sequence[Piece], gone: Path, paths: Sequence[Path]) -> None:
        super().__init__()
        self.work, self.gone, self.paths = list(work), gone, list(paths)

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[None]:
        """Read the piece again and write what is not gone."""
        start = sum(piece.rows for piece in self.work[:rank])
        gone = pl.read_parquet(self.gone, columns=["row"]).cast(pl.UInt32)
        rows = _read(self.work[rank]).with_row_index("row", offset=start)
        pieces.write(self.paths[rank], rows.join(gone, on="row", how="anti", maintain_order="left").drop("row"))
        yield from ()


def deduplicate(
    inputs: Sequence[Path],
    folder: Path,
    *,
    threshold: float = 0.8,
    n: int | None = None,
    index: Path | None = None,
    workers: int = 1,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> Deduplicated:
    """Near-duplicates of documents in Parquet files, as `near_duplicates` finds them, in bounded memory.

    Args:
        inputs: Files of documents: `id`, `text`, `rank` and, where only some may be compared, `group` (strings).
        folder: For the files of the stages; what a killed call left there is used, what is of other work is removed.
        threshold: Jaccard similarity, as in `near_duplicates`.
        n: Tokens in a shingle, as in `near_duplicates`.
        index: Documents that are there already, as `corpus.dedup.index.write` keeps them. They all stay, and their
            texts are not read again.
        workers: Processes; they change no result.
        tick: Told how many of how many ranks of all stages are done.

    Returns:
        The counts, the files of the documents that stay, and who went for which one.

    Raises:
        ValueError: If the threshold or n is out of range, or the index was made with others.
        RuntimeError: If a worker died; what it had finished is kept.
    """
    at, rows = scales(threshold, n), band_rows(threshold)
    indexes.check(index, threshold=threshold, n=n)
    how = [VERSION, threshold, n, indexes.name(index)]
    work = [(piece, digest([name, piece.start, piece.rows, *how[:3]])) for piece, name in cut(inputs)]
    whole = digest([name for _, name in work] + how)
    cuts = [piece for piece, _ in work]
    signatures = [folder / "signatures" / f"{name}.parquet" for _, name in work]
    entries = [folder / "buckets" / f"{whole}-{band}.parquet" for band in range(HASHES // rows)]
    gone = folder / "clusters" / f"{whole}.parquet"
    kept = [folder / "kept" / f"{digest([whole, place])}.parquet" for place in range(len(work))]
    for paths in ([*signatures, *map(_beside, signatures)], entries, [gone], kept):
        for parent in {path.parent for path in paths}:
            pieces.sweep(parent, {path.name for path in paths})
    stages: list[tuple[PipelineStep, Sequence[Path]]] = [
        (Signatures(cuts, signatures, at, rows), signatures),
        (Buckets([*indexes.band_files(index), *signatures], entries), entries),
        (Clusters(cuts, signatures, entries, gone, at, threshold, index), [gone]),
        (Kept(cuts, gone, kept), kept),
    ]
    total, before = sum(len(paths) for _, paths in stages), 0
    for step, done in stages if work else ():
        run_ranks([step], done, workers=workers, tick=partial(_tick, tick, before, total))
        before += len(done)
    went = pl.read_parquet(gone) if work else NONE
    counted = Deduplicated(sum(map(height, inputs)), sum(map(height, kept)) if work else 0, went.height, kept, went)
    if counted.rows_in != counted.rows_out + counted.rejected:
        raise RuntimeError(
            f"deduplication lost rows: {counted.rows_in} in, but {counted.rows_out} kept and {counted.rejected} "
            f"rejected; remove {folder} and run again"
        )
    return counted


def _tick(tick: Callable[[int, int], None], before: int, total: int, done: int, of: int) -> None:
    tick(before + done, total)


NONE = pl.DataFrame(schema={"row": pl.Int64, "matched_id": pl.String, "similarity": pl.Float64})


def _read(piece: Piece, *columns: str) -> pl.DataFrame:
    """Columns of a piece, all without names; a `group` that the file has not is null."""
    rows = pl.scan_parquet(piece.path).slice(piece.start, piece.rows)
    there = rows.collect_schema().names()
    found = rows.select([name for name in columns if name in there] or pl.all()).collect()
    if "group" in columns and "group" not in there:
        found = found.with_columns(group=pl.lit(None, pl.String))
    return found


def _beside(path: Path) -> Path:
    """The file of a piece's documents, next to that of its members."""
    return path.with_suffix(".documents.parquet")
