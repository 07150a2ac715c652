import io
import json

import polars as pl
import pytest
from PIL import Image

from catalog import releases, shards


@pytest.fixture
def released(store, sample, annotation, frame):
    buffer = io.BytesIO()
    Image.new("RGB", (4, 3), "navy").save(buffer, "PNG")
    picture = store.put_media(buffer.getvalue())
    rows = [sample("看图", "好", images=[picture]), sample("ask", "reply"), sample("hidden", "reply")]
    ids = [row["sample_id"] for row in rows]
    members = frame([{"sample_id": s, "split": "train" if s != ids[1] else "test", "cluster_id": s} for s in ids])
    labels = frame([annotation(s, "Safe without risk") for s in ids])
    frozen = releases.freeze(store, members, labels, name="spring")
    seen = {"file": "f", "line": 1, "source_id": None, "source_label": None, "source_group": None, "stage_id": "s"}
    about = {"title": "t", "home": "h", "license": "MIT", "citation": "c", "digest": "d", "records": 1, "stage_id": "s"}
    store.commit(
        "b",
        {
            "samples": frame([row | {"stage_id": "s"} for row in rows]),
            "occurrences": frame([{"sample_id": s, "source": "closed" if s == ids[2] else "free"} | seen for s in ids]),
            "sources": frame(
                [{"source": "free", "tier": "open"} | about, {"source": "closed", "tier": "restricted"} | about]
            ),
            "release_rows": frozen["tables"]["release_rows"].with_columns(stage_id=pl.lit("s")),
        },
        entries=frozen["entries"],
    )
    return store, ids


def test_load_dataset_reads_rows_with_and_without_pictures_side_by_side(released, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from datasets import load_dataset

    store, ids = released
    shards.export(store, "spring", tmp_path / "out", grant="restricted")
    loaded = load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {split: rows.num_rows for split, rows in loaded.items()} == {"train": 2, "test": 1}
    train = {row["sample_id"]: row for row in loaded["train"]}
    picture = train[ids[0]]
    assert picture["images"][0].size == (4, 3)
    assert [part["type"] for part in picture["messages"][0]["content"]] == ["image", "text"]
    assert loaded["test"][0]["images"] == []
    assert loaded["test"][0]["messages"][1]["content"][0]["text"] == "reply"


def test_rows_of_a_restricted_source_stay_back_without_a_grant_and_are_counted(released, tmp_path):
    store, ids = released
    manifest = shards.export(store, "spring", tmp_path / "out")
    assert (manifest["rows"], manifest["withheld"]) == (2, 1)
    written = pl.concat([pl.read_parquet(p) for p in (tmp_path / "out" / "data").glob("*.parquet")])
    assert ids[2] not in written["sample_id"]


def test_exporting_twice_gives_the_same_bytes(released, tmp_path):
    store, _ = released
    one, two = (shards.export(store, "spring", tmp_path / name) for name in ("one", "two"))
    assert one["files"] == two["files"]
    assert json.loads((tmp_path / "one" / "manifest.json").read_text()) == one
