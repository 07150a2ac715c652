"""How released rows leave, in a form that others read without this package.

`parquet` holds its pictures inside. `jsonl` and `chat` are one object a line with the pictures as files beside them: in
`jsonl` a message is a list of parts, in `chat` one string with `<image>` where a picture stands. JSON lines hold no key
whose value is null: a picture has no text, and a row without a category has no `category`.
"""

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Literal, get_args

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.media import SUFFIXES
from catalog.store import Store

Format = Literal["parquet", "jsonl", "chat"]
FORMATS: tuple[Format, ...] = get_args(Format)
ENDINGS: dict[Format, str] = {"parquet": "parquet", "jsonl": "jsonl", "chat": "jsonl"}
IMAGES = "images"  # the folder of pictures

PLACEHOLDER = "<image>"
PLACEHOLDERS = (PLACEHOLDER, "<video>", "<audio>")  # a text that holds one would be taken for a picture, film or sound
LINE_ENDS = re.compile("[\x85\u2028\u2029]")  # what `str.splitlines` cuts at and JSON leaves as it is

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
ROW = [name for name in COLUMNS if name != "images"]

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


def encode(store: Store, rows: pl.DataFrame, names: Mapping[str, str], *, format: Format) -> bytes:
    """One shard.

    Args:
        store: Has the pictures.
        rows: Columns `ROW`.
        names: File name of each picture (`picture_names`).
        format: One of `FORMATS`.
    """
    listed = rows.select(ROW).to_dicts()
    if format == "parquet":
        return _parquet(store, listed, names)
    lines = (line((_in_parts if format == "jsonl" else _in_strings)(row, names)) for row in listed)
    return "".join(lines).encode()


def fits(rows: pl.DataFrame, *, format: Format) -> pl.Series:
    """Whether each row can be said in the format: `chat` has no way to say that `<image>` in a text is only text."""
    if format != "chat":
        return pl.Series([True] * rows.height, dtype=pl.Boolean)
    return pl.Series(
        [not any(mark in text for text in _texts(messages) for mark in PLACEHOLDERS) for messages in rows["messages"]],
        dtype=pl.Boolean,
    )


def picture_names(store: Store) -> dict[str, str]:
    """Name of the file of each picture of a store: its id, with the suffix that belongs to what its bytes are."""
    media = store.read("media").select("media_id", "mime").unique("media_id", keep="first")
    return {name: f"{name}{SUFFIXES[mime][0]}" for name, mime in media.iter_rows()}


def shown(messages: list[dict[str, Any]]) -> list[str]:
    """`media_id` of every picture of an exchange, in order."""
    return [part["media_id"] for message in messages for part in message["content"] if part["type"] == "image"]


def _texts(messages: Any) -> list[str]:
    return [part["text"] for message in messages for part in message["content"] if part["type"] == "text"]


def line(row: Mapping[str, Any]) -> str:
    """A row as one line, whoever cuts lines: JSON, with the separators of Unicode escaped and no key that is null."""
    text = json.dumps({key: value for key, value in row.items() if value is not None}, ensure_ascii=False)
    return LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def _in_parts(row: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    def part(given: Mapping[str, Any]) -> dict[str, str]:
        if given["type"] == "image":
            return {"type": "image", "image": _file(given["media_id"], names)}
        return {"type": "text", "text": given["text"]}

    messages = [{"role": m["role"], "content": [part(given) for given in m["content"]]} for m in row["messages"]]
    return {**row, "messages": messages}


def _in_strings(row: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    messages = [
        {
            "role": message["role"],
            "content": "".join(PLACEHOLDER if p["type"] == "image" else p["text"] for p in message["content"]),
        }
        for message in row["messages"]
    ]
    return {**row, "messages": messages, "images": [_file(image, names) for image in shown(row["messages"])]}


def _file(image: str, names: Mapping[str, str]) -> str:
    return str(PurePosixPath(IMAGES, names[image]))


def _parquet(store: Store, rows: list[dict[str, Any]], names: Mapping[str, str]) -> bytes:
    for row in rows:
        row["images"] = [{"bytes": store.get_media(image), "path": names[image]} for image in shown(row["messages"])]
        for message in row["messages"]:
            message["content"] = [{"type": part["type"], "text": part["text"]} for part in message["content"]]
    schema = pa.schema(COLUMNS.items()).with_metadata({"huggingface": json.dumps({"info": {"features": FEATURES}})})
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.Table.from_pylist(rows, schema=schema),
        sink,
        row_group_size=ROW_GROUP,
        compression={name: "zstd" for name in ("sample_id", "source", "license")},
    )
    return sink.getvalue().to_pybytes()
