"""A set of one's own in a few words, read into a store and released: what every case here begins with."""

import json

import polars as pl
import pytest
import yaml

from catalog import Store, execute, read_model, releases
from safeladder.pipeline import ingest

ABOUT = {
    "title": "t",
    "home": "here",
    "license": "MIT",
    "tier": "open",
    "citation": "none",
    "languages": ["en", "zh"],
    "label_origin": "human",
}


@pytest.fixture
def describe(tmp_path):
    """`describe(row, ...)` writes a description into a folder and returns its path; `records` become `rows.jsonl`."""

    def write(*rows, slug="mine", folder="set", records=None, glob="*.jsonl", **entry):
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        if records is not None:
            lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
            (place / "rows.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")
        path = place / f"{slug}.yaml"
        files = [{"glob": glob, "rows": list(rows), **entry}]
        path.write_text(yaml.safe_dump({"slug": slug, **ABOUT, "files": files}, allow_unicode=True))
        return path

    return write


@pytest.fixture
def ingested(tmp_path):
    """`ingested(path)` reads a description into a store, builds its catalog, and returns the store."""

    def read(path, *, into="store", workers=1):
        store = Store(tmp_path / into)
        execute(store, name="ingest", recipe={}, stages=ingest.stages([str(path)], tmp_path, workers=workers))
        read_model.build(store)
        return store

    return read


@pytest.fixture
def release():
    """`release(store)` freezes every labelled row that a store holds."""

    def freeze(store, name="all"):
        members = store.read("working").select("sample_id", split=pl.lit("train"), cluster_id="prompt_id")
        frozen = releases.freeze(store, members.unique("sample_id"), store.read("annotations"), name=name)
        rows = frozen["tables"]["release_rows"].with_columns(stage_id=pl.lit("s"))
        store.commit(f"release {name}", {"release_rows": rows}, entries=frozen["entries"])

    return freeze


@pytest.fixture
def ask():
    """Rows of a query, through the catalog as a notebook opens it."""

    def query(store, text):
        with read_model.connect(store.path) as connection:
            return connection.execute(text).fetchall()

    return query
