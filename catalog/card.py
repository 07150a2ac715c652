"""The card of an export: what is in it and how it is loaded; `datasets` reads the head of it."""

from typing import Any

import polars as pl

from catalog.exports import ENDINGS, ROW

PART = {"jsonl": ("type", "text", "image")}  # keys of a part, where a message is a list of them

LOADING = {
    "parquet": """    from datasets import load_dataset
    rows = load_dataset("PATH/OF/THIS/FOLDER")

`messages` holds structured parts of type text or image; the i-th image part shows the i-th of `images`.""",
    "jsonl": """    import json
    rows = [json.loads(line) for line in open("data/SPLIT-00000-of-00001.jsonl", encoding="utf-8")]

`messages` holds parts of type text (with `text`) or image (with `image`, a path below this folder). A key that has no
value is left out. `datasets` fills such keys with null again, which some chat templates take for a picture.""",
    "chat": """    from datasets import load_dataset
    rows = load_dataset("PATH/OF/THIS/FOLDER")

The content of a message is one string, with `<image>` where a picture stands; the i-th of them shows the i-th of
`images`, paths below this folder. A key that has no value is left out.""",
}


def card(manifest: dict[str, Any], rows: pl.DataFrame) -> str:
    """The text of `README.md`.

    Args:
        manifest: Of the export.
        rows: What was exported: `license`, `split`.
    """
    licences = ", ".join(sorted(rows["license"].drop_nulls().unique()))
    form = manifest["format"]
    splits = "\n".join(
        f"  - split: {split}\n    path: data/{split}-*.{ENDINGS[form]}" for split in sorted(rows["split"].unique())
    )
    features = "" if form == "parquet" else _features(form)
    unfit = f", {manifest['unfit']:,} left out since their own text holds a placeholder" if form == "chat" else ""
    return f"""---
configs:
- config_name: default
  data_files:
{splits}
{features}---
# {manifest["release"]}

Release `{manifest["release_id"]}`: {manifest["rows"]:,} rows, {manifest["withheld"]:,} withheld for their access
tier{unfit}.
Licences of its sources: {licences}. Splits go by prompt cluster; never train on `test` or `calibration`.

{LOADING[form]}
"""


def _features(form: str) -> str:
    """Columns with their types: from lines alone `datasets` knows only the keys of the first file."""
    names = [*ROW, "images"] if form == "chat" else ROW
    return "dataset_info:\n  config_name: default\n  features:\n" + "".join(_column(name, form) for name in names)


def _column(name: str, form: str) -> str:
    if name == "images":
        return "  - name: images\n    list: string\n"
    if name != "messages":
        return f"  - name: {name}\n    dtype: {'bool' if name == 'unsafe' else 'string'}\n"
    parts = "".join(f"\n      - name: {key}\n        dtype: string" for key in PART.get(form, ()))
    content = f"      list:{parts}" if parts else "      dtype: string"
    return f"  - name: messages\n    list:\n    - name: role\n      dtype: string\n    - name: content\n{content}\n"
