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
        folder: Where the shards go; files that are there already and whole are kept.
        grant: `open` withholds rows of restricted sources and counts them; `restricted` exports them too.
        shard_rows: Rows per file.

    Returns:
        The manifest.

    Raises:
        LookupError: If there is no such release.
    """
    found = find_release(store, release)
    rows = release_rows(store, found["release_id"])
    sources = store.read("sources").unique("source", keep="last").select("source", "license", "tier")
    first = store.read("occurrences").unique("sample_id", keep="first", maintain_order=True)
    derived = (
        store.read("lineage").select(sample_id="child_id", parent_id="parent_id").unique("sample_id", keep="first")
    )
    samples = store.read("samples").unique("sample_id", keep="first").select("sample_id", "messages")
    full = (
        rows.join(derived, on="sample_id", how="left")
        .with_columns(met=pl.coalesce("parent_id", "sample_id"))  # a derived row has the licence of its parent
        .join(first.select(met="sample_id", source="source"), on="met", how="left")
        .join(sources, on="source", how="left")
        .join(samples, on="sample_id")
        .sort("sample_id", "task")
    )
    allowed = full if grant == "restricted" else full.filter(pl.col("tier") == "open")
    (folder / "data").mkdir(parents=True, exist_ok=True)
    files = {}
    for split in sorted(allowed["split"].unique()):
        part = allowed.filter(pl.col("split") == split)
        count = -(-part.height // shard_rows)
        for i in range(count):
            name = f"data/{split}-{i:05d}-of-{count:05d}.parquet"
            data = _parquet(store, part.slice(i * shard_rows, shard_rows))
            (folder / name).unlink(missing_ok=True)
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
        (folder / name).unlink(missing_ok=True)
        put(folder / name, text.encode())
    return manifest


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
