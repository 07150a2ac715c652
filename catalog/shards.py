"""Shards: a release as a folder of files that others read without this package, with a manifest and a card."""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from catalog.card import card
from catalog.exports import ENDINGS, FORMATS, IMAGES, Format, encode, fits, picture_names, shown
from catalog.files import LocalFiles
from catalog.releases import find_release, release_rows
from catalog.store import Store

MANIFEST = "manifest.json"
BEGUN = ".begun"  # there until the export is whole


def export(
    store: Store,
    release: str | None,
    folder: Path,
    *,
    grant: str = "open",
    format: Format = "parquet",
    shard_rows: int = 20_000,
) -> dict[str, Any]:
    """Write the shards of a release: `folder/data/SPLIT-00000-of-00002.parquet`, `manifest.json` and a card.

    Args:
        store: Where the release is.
        release: Name or digest prefix; None for the newest.
        folder: Where the shards go; an earlier export that lies there is removed.
        grant: `open` withholds rows of restricted sources and counts them; `restricted` exports them too.
        format: One of `catalog.exports.FORMATS`; where pictures are not inside the shards they go to `folder/images`.
        shard_rows: Rows per file.

    Returns:
        The manifest. `rows + taken_down + withheld + unfit` are the rows of the release: what was taken down since
        then, what the grant does not cover, and what the format cannot say (`catalog.exports.fits`).

    Raises:
        LookupError: If there is no such release.
        ValueError: If there is no such format.
        FileExistsError: If the folder holds something else.
    """
    if format not in FORMATS:
        raise ValueError(f"no format {format!r}: expected {', '.join(FORMATS)}")
    found = find_release(store, release)
    full = _released(store, found["release_id"])
    standing = full.join(store.read("takedowns"), on="sample_id", how="anti", maintain_order="left")
    allowed = standing if grant == "restricted" else standing.filter(~pl.col("restricted").fill_null(True))
    written = allowed.filter(fits(allowed, format=format))
    _clear(folder)
    out = LocalFiles(folder, private=grant == "restricted")
    out.put(BEGUN, b"an export was begun and is not whole yet\n")
    names = picture_names(store)
    files: dict[str, dict[str, Any]] = {}
    pictures: set[str] = set()
    for name, rows in _cut(written, shard_rows, ending=ENDINGS[format]):
        data = encode(store, rows, names, format=format)
        out.put(name, data)
        files[name] = {"sha256": hashlib.sha256(data).hexdigest(), "rows": rows.height}
        if format != "parquet":
            new = {image for messages in rows["messages"] for image in shown(messages)} - pictures
            for image in sorted(new):
                out.put(f"{IMAGES}/{names[image]}", store.get_media(image))
            pictures |= new
    manifest = {
        "release": found["name"],
        "release_id": found["release_id"],
        "format": format,
        "rows": written.height,
        "taken_down": full.height - standing.height,
        "withheld": standing.height - allowed.height,
        "unfit": allowed.height - written.height,
        "grant": grant,
        "files": files,
        "pictures": [f"{IMAGES}/{names[image]}" for image in sorted(pictures)],
    }
    out.put("README.md", card(manifest, written).encode())
    out.put(MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
    out.delete(BEGUN)
    return manifest


def _released(store: Store, release_id: str) -> pl.DataFrame:
    """The rows of a release with their messages and origins, in the order of the export."""
    rows = release_rows(store, release_id)
    samples = store.read("samples").unique("sample_id", keep="first").select("sample_id", "messages")
    full = rows.join(_origins(store, rows), on="sample_id", how="left").join(samples, on="sample_id")
    if full.height != rows.height:
        raise RuntimeError(f"release {release_id[:12]}: {rows.height - full.height} of its rows have no sample")
    return full.sort("sample_id", "task")


def _cut(rows: pl.DataFrame, shard_rows: int, *, ending: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Name and rows of each shard."""
    for split in sorted(rows["split"].unique()):
        part = rows.filter(pl.col("split") == split)
        count = -(-part.height // shard_rows)
        for i in range(count):
            yield f"data/{split}-{i:05d}-of-{count:05d}.{ending}", part.slice(i * shard_rows, shard_rows)


def _clear(folder: Path) -> None:
    """Remove an earlier export: two releases in one folder would be read as one.

    Raises:
        FileExistsError: If the folder holds something else.
    """
    if not folder.exists() or not any(folder.iterdir()):
        return
    if (folder / BEGUN).exists():  # killed, and so all of it is ours
        for part in ("data", IMAGES):
            shutil.rmtree(folder / part, ignore_errors=True)
        names = ["README.md", MANIFEST, BEGUN]
    elif names := _of_manifest(folder):
        (folder / BEGUN).touch()
    else:
        raise FileExistsError(f"{folder} holds something that is no export of ours; name another --to")
    for name in names:
        (folder / name).unlink(missing_ok=True)


def _of_manifest(folder: Path) -> list[str]:
    """The files of an earlier export; none where there is no manifest of ours."""
    if not (folder / MANIFEST).exists():
        return []
    earlier = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    names = [*earlier.get("files", ()), *earlier.get("pictures", ())]
    ours = "release_id" in earlier and all(re.fullmatch(rf"(data|{IMAGES})/[^/]+", name) for name in names)
    return [*names, "README.md", MANIFEST] if ours else []


def _origins(store: Store, rows: pl.DataFrame) -> pl.DataFrame:
    """Where released rows come from: all their sources, all their licences, and whether any of them is restricted.

    A derived row has the sources of all its parents; one that nobody can place counts as restricted.
    """
    links = store.read("lineage").filter(~pl.col("relation").is_in(["reward", "trained_on"]))
    parents = links.select(sample_id="child_id", met="parent_id")
    itself = rows.select("sample_id", met="sample_id")
    met = pl.concat([itself, parents.join(rows.select("sample_id"), on="sample_id", how="semi")])
    sources = store.read("sources").unique("source", keep="last").select("source", "license", "tier")
    occurrences = store.read("occurrences").select(met="sample_id", source="source")
    return (
        met.join(occurrences.join(sources, on="source", how="left"), on="met")
        .group_by("sample_id")
        .agg(
            pl.col("source", "license").drop_nulls().unique().sort().str.join(" AND "),
            restricted=(pl.col("tier") != "open").fill_null(True).any(),
        )
    )


def check(folder: Path) -> dict[str, Any]:
    """Check an export against its manifest.

    Returns:
        `release`, `format`, `files`, `pictures`, `rows`.

    Raises:
        FileNotFoundError: If there is no manifest, with the command that writes one.
        RuntimeError: If the pull was killed, or a file is missing, was changed, or does not belong there.
    """
    if (folder / BEGUN).exists():
        raise RuntimeError(f"{folder} is not whole: the pull was killed; pull the release again")
    if not (folder / MANIFEST).is_file():
        raise FileNotFoundError(f"no shards in {folder}: write some with `safeladder shards pull --to {folder}`")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    here = {path.relative_to(folder).as_posix(): path for part in ("data", IMAGES) for path in folder.glob(f"{part}/*")}
    pictures = {name: Path(name).stem for name in manifest["pictures"]}  # named by their sha256
    for name, sha256 in {**{name: entry["sha256"] for name, entry in manifest["files"].items()}, **pictures}.items():
        path = here.pop(name, None)
        if path is None or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise RuntimeError(f"{folder / name} is missing or not the file that was exported: pull the release again")
    if here:
        raise RuntimeError(f"{folder} holds {', '.join(sorted(here))}, which the manifest does not list")
    return {
        "release": manifest["release"],
        "format": manifest["format"],
        "files": len(manifest["files"]),
        "pictures": len(pictures),
        "rows": manifest["rows"],
    }
