"""Shards: a release as Parquet files that `datasets.load_dataset` reads without this package, pictures inside."""

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.releases import find_release, release_rows
from catalog.segments import put
from catalog.store import Store

ROW_GROUP = 400  # pictures make rows heavy; readers stream by group

PART = pa.struct([("type", pa.string()), ("text", pa.string())])
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
COLUMNS = {
    "sample_id": pa.string(),
    "messages": pa.list_(pa.struct([("role", pa.string()), ("content", pa.list_(PART))])),
    "images": pa.list_(IMAGE),
    "task": pa.string(),
    "label": pa.string(),
    "unsafe": pa.bool_(),
    "category": pa.string(),
    "origin": pa.string(),
    "source": pa.string(),
    "license": pa.string(),
}

_STRING = {"dtype": "string", "_type": "Value"}
FEATURES: dict[str, Any] = {
    **{name: _STRING for name in COLUMNS},
    "messages": {
        "feature": {
            "role": _STRING,
            "content": {"feature": {"type": _STRING, "text": _STRING}, "_type": "List"},
        },
        "_type": "List",
    },
    "images": {"feature": {"_type": "Image"}, "_type": "List"},
    "unsafe": {"dtype": "bool", "_type": "Value"},
}


def export(
    store: Store, release: str | None, folder: Path, *, grant: str = "open", shard_rows: int = 20_000
) -> dict[str, Any]:
    """Write the shards of a release: `folder/data/SPLIT-00000-of-00002.parquet`, `manifest.json` and a card.

    Args:
        store: Where the release is.
        release: Name or digest prefix; None for the newest.
        folder: Where the shards go; an earlier export that lies there is removed.
        grant: `open` withholds rows of restricted sources and counts them; `restricted` exports them too.
        shard_rows: Rows per file.

    Returns:
        The manifest.

    Raises:
        LookupError: If there is no such release.
        FileExistsError: If the folder holds something else.
    """
    found = find_release(store, release)
    rows = release_rows(store, found["release_id"])
    samples = store.read("samples").unique("sample_id", keep="first").select("sample_id", "messages")
    full = rows.join(_origins(store, rows), on="sample_id", how="left").join(samples, on="sample_id")
    full = full.sort("sample_id", "task")
    allowed = full if grant == "restricted" else full.filter(~pl.col("restricted").fill_null(True))
    _clear(folder)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    files = {}
    for split in sorted(allowed["split"].unique()):
        part = allowed.filter(pl.col("split") == split)
        count = -(-part.height // shard_rows)
        for i in range(count):
            name = f"data/{split}-{i:05d}-of-{count:05d}.parquet"
            data = _parquet(store, part.slice(i * shard_rows, shard_rows))
            put(folder / name, data)
            files[name] = {
                "sha256": hashlib.sha256(data).hexdigest(),
                "rows": min(shard_rows, part.height - i * shard_rows),
            }
    manifest = {
        "release": found["name"],
        "release_id": found["release_id"],
        "rows": allowed.height,
        "withheld": full.height - allowed.height,
        "grant": grant,
        "files": files,
    }
    for name, text in {
        "manifest.json": json.dumps(manifest, indent=1) + "\n",
        "README.md": _card(manifest, allowed),
    }.items():
        put(folder / name, text.encode())
    return manifest


def _clear(folder: Path) -> None:
    """Remove an earlier export: two releases in one folder would be read as one.

    Raises:
        FileExistsError: If the folder holds something else.
    """
    if not folder.exists() or not any(folder.iterdir()):
        return
    manifest = folder / "manifest.json"
    if not manifest.exists():
        raise FileExistsError(f"{folder} holds something that is no export of ours; name another --to")
    for name in (*json.loads(manifest.read_text())["files"], "README.md", "manifest.json"):
        (folder / name).unlink(missing_ok=True)


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


def _parquet(store: Store, rows: pl.DataFrame) -> bytes:
    records = []
    for row in rows.select(*(c for c in COLUMNS if c != "images")).iter_rows(named=True):
        images = []
        for message in row["messages"]:
            images += [part["media_id"] for part in message["content"] if part["type"] == "image"]
            message["content"] = [{"type": part["type"], "text": part["text"]} for part in message["content"]]
        row["images"] = [{"bytes": store.get_media(image), "path": f"{image}.png"} for image in images]
        records.append(row)
    schema = pa.schema(COLUMNS.items()).with_metadata({"huggingface": json.dumps({"info": {"features": FEATURES}})})
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.Table.from_pylist(records, schema=schema),
        sink,
        row_group_size=ROW_GROUP,
        compression={name: "zstd" for name in ("sample_id", "source", "license")},
    )
    return sink.getvalue().to_pybytes()


def _card(manifest: dict[str, Any], rows: pl.DataFrame) -> str:
    licences = ", ".join(sorted(rows["license"].drop_nulls().unique()))
    splits = sorted(rows["split"].unique())
    configs = "\n".join(f"  - split: {split}\n    path: data/{split}-*.parquet" for split in splits)
    return f"""---
configs:
- config_name: default
  data_files:
{configs}
---
# {manifest["release"]}

Release `{manifest["release_id"]}`: {manifest["rows"]:,} rows, {manifest["withheld"]:,} withheld for their access tier.
Licences of its sources: {licences}. Splits go by prompt cluster; never train on `test` or `calibration`.

    from datasets import load_dataset
    rows = load_dataset("PATH/OF/THIS/FOLDER")

`messages` holds structured parts of type text or image; the i-th image part shows the i-th of `images`.
"""


def check(folder: Path) -> dict[str, Any]:
    """Check an export against its manifest.

    Returns:
        `release`, `files`, `rows`.

    Raises:
        FileNotFoundError: If there is no manifest.
        RuntimeError: If a shard is missing, was changed, or does not belong there.
    """
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    here = {path.relative_to(folder).as_posix(): path for path in (folder / "data").glob("*")}
    for name, entry in manifest["files"].items():
        path = here.pop(name, None)
        if path is None or hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
            raise RuntimeError(f"{folder / name} is missing or not the file that was exported: pull the release again")
    if here:
        raise RuntimeError(f"{folder} holds {', '.join(sorted(here))}, which the manifest does not list")
    return {"release": manifest["release"], "files": len(manifest["files"]), "rows": manifest["rows"]}
