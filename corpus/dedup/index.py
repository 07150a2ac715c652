"""Documents that are there already, kept so that new ones can be compared with them without reading the old texts.

An index is a folder of Parquet files under one name made of what is in them: documents (id, tokens, content), members
with their band keys, and members with their sets of shingles, in the order of the documents.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from catalog.ids import digest
from corpus import pieces
from corpus.dedup.minhash import band_rows, salts, scales
from corpus.dedup.shingles import Sets, read_members, read_sets

DOCUMENTS = {"id": pl.String, "tokens": pl.Int64, "first": pl.UInt64, "second": pl.UInt64, "salt": pl.UInt64}
VERSION = 3  # 1 knew no parting, 2 had other digests of pixels


def write(folder: Path, documents: pl.DataFrame, *, threshold: float = 0.8, n: int | None = None) -> Path:
    """Add documents to an index; some that are in it already, by id, are left out.

    Args:
        folder: Of the index; made if it is not there.
        documents: `id`, `text` and, where only some may be compared, `group`.
        threshold: Jaccard similarity that it will be asked for.
        n: Tokens in a shingle, as in `near_duplicates`.

    Raises:
        ValueError: If the index was made with another threshold or n.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "index.json").exists():
        (folder / "index.json").write_text(json.dumps(_how(threshold, n)))
    check(folder, threshold=threshold, n=n)
    new = documents.unique("id", keep="first", maintain_order=True).filter(
        ~pl.col("id").is_in(_read(folder, "documents")["id"].implode())
    )
    if new.is_empty():
        return folder
    at = scales(threshold, n)
    salt_D = salts(new.height, new["group"] if "group" in new.columns else None)
    found = read_members(new["text"], salt_D, at, band_rows(threshold))
    n_M = np.array([scale.n for scale in at])[found.scale_M]
    sets = read_sets(new["text"].gather(found.doc_M), n_M, found.tokens_D[found.doc_M])
    place = f"{len(_files(folder, 'members')):06d}-{digest(new['id'].to_list())[:16]}.parquet"
    bands = {f"band_{b}": found.bands_MB[:, b] for b in range(found.bands_MB.shape[1])}
    members = pl.DataFrame({"doc": found.doc_M, "scale": found.scale_M} | bands)
    runs = [slice(start, start + size) for start, size in zip(sets.start_M, sets.size_M, strict=True)]
    shingles = {
        "hashes": pl.Series([sets.hash_S[run] for run in runs], dtype=pl.List(pl.UInt32)),
        "tails": pl.Series([sets.tail_S[run].tobytes() for run in runs], dtype=pl.Binary),
        "sketch": pl.Series([row.tobytes() for row in sets.sketch_MK], dtype=pl.Binary),
    }
    content = {"tokens": found.tokens_D, "first": found.content_D2[:, 0], "second": found.content_D2[:, 1]}
    texts = pl.DataFrame({"id": new["id"], **content, "salt": salt_D})
    # Members are written last: where they are, a part is whole.
    for name, frame in (("sets", pl.DataFrame(shingles)), ("documents", texts), ("members", members)):
        pieces.write(folder / name / place, frame)
    return folder


def check(folder: Path | None, *, threshold: float, n: int | None) -> None:
    """Refuse an index that was made for another question.

    Raises:
        ValueError: With what it was made for.
    """
    if folder is None:
        return
    if not (folder / "index.json").exists():
        raise ValueError(f"no index in {folder}")
    made = json.loads((folder / "index.json").read_text())
    if made != _how(threshold, n):
        raise ValueError(f"the index in {folder} was made with {made}, not {_how(threshold, n)}; make it anew")


def name(folder: Path | None) -> str | None:
    """What is in an index, as a digest."""
    return None if folder is None else digest([path.name for path in _files(folder, "members")])


def documents(folder: Path | None) -> pl.DataFrame:
    """The documents: `id`, `tokens`, the content hashes `first` and `second`, and `salt`."""
    return _read(folder, "documents")


def members(folder: Path | None) -> pl.DataFrame:
    """`doc` (position among the documents) and `scale` of every member."""
    parts, start = [pl.DataFrame(schema={"doc": pl.Int64, "scale": pl.UInt8})], 0
    for path in band_files(folder):
        parts.append(pl.read_parquet(path, columns=["doc", "scale"]).with_columns(pl.col("doc") + start))
        start += pl.scan_parquet(path.parents[1] / "documents" / path.name).select(pl.len()).collect().item()
    return pl.concat(parts)


def band_files(folder: Path | None) -> Sequence[Path]:
    """The files of the members with their band keys."""
    return [] if folder is None else _files(folder, "members")


def fill(folder: Path | None, into: Sets, member_M: np.ndarray) -> None:
    """Put the sets of some members, by their sorted numbers, before those of others; the rest stays on disk."""
    start = 0
    for path in band_files(folder):
        rows = pl.scan_parquet(path.parents[1] / "sets" / path.name)
        count = rows.select(pl.len()).collect().item()
        low, high = np.searchsorted(member_M, [start, start + count])
        wanted = pl.Series(member_M[low:high] - start, dtype=pl.UInt32)
        found = rows.with_row_index("at").filter(pl.col("at").is_in(wanted.implode())).collect()
        for place, (hashes, tails, sketch) in zip(range(low, high), found.drop("at").iter_rows(), strict=True):
            run = slice(into.start_M[place], into.start_M[place] + len(hashes))
            into.hash_S[run], into.tail_S[run] = hashes, np.frombuffer(tails, np.uint8)
            into.size_M[place] = len(hashes)
            into.behind_M[place] = int((into.tail_S[run] & 1).sum())
            into.sketch_MK[place] = np.frombuffer(sketch, np.uint8)
        start += count


def _how(threshold: float, n: int | None) -> dict[str, float | int | None]:
    return {"threshold": threshold, "n": n, "version": VERSION}


def _files(folder: Path, part: str) -> list[Path]:
    whole = sorted((folder / "members").glob("*.parquet"))
    return [folder / part / path.name for path in whole]


def _read(folder: Path | None, part: str) -> pl.DataFrame:
    found = [] if folder is None else [pl.read_parquet(path) for path in _files(folder, part)]
    return pl.concat([pl.DataFrame(schema=DOCUMENTS), *found])
