"""A toy source: its description, its files, and everything that comes of reading it."""

import io
import json

import polars as pl
from PIL import Image

from corpus import sources
from corpus.sources import Source

SAFETY = {"prompt": "q", "response": "a", "task": "safety", "unsafe": {"from": "bad", "map": {"1": True, "0": False}}}


def describe(*rows, glob="*.jsonl", **entry):
    place = {} if "hub" in entry else {"glob": glob}
    return Source.model_validate(
        {
            "slug": "toy",
            "title": "Toy",
            "home": "https://example.org/toy",
            "license": "MIT",
            "tier": "open",
            "citation": "none",
            "languages": ["en"],
            "label_origin": "human",
            "files": [{**place, "rows": rows, **entry}],
        }
    )


def lines(root, *records, name="toy/a.jsonl"):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(record, ensure_ascii=False) for record in records), encoding="utf-8")


def everything(source, root, **options):
    """Rows, rejections, pictures and number of records of all files."""
    found = [part for file in sources.files(source, root) for part in sources.read(source, root, file, **options)]
    return (
        pl.concat([part.rows for part in found]),
        pl.concat([part.rejections for part in found]),
        [picture for part in found for picture in part.media],
        sum(part.records for part in found),
    )


def texts(rows):
    """Role and text of every message, row by row."""
    return [
        [(m["role"], "".join(p["text"] or "[image]" for p in m["content"])) for m in messages]
        for messages in rows["messages"]
    ]


def picture(colour="red", size=(4, 3)):
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, "PNG")
    return data.getvalue()
