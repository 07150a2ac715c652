import io
import json
import os
import shutil
import stat

import polars as pl
import pytest
from PIL import Image

from catalog import ledger, media, releases, shards
from catalog.exports import FORMATS


@pytest.fixture
def picture():
    """A JPEG, whatever its file may be called."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 3), "navy").save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def released(store, sample, annotation, frame, picture):
    """Three rows: with a picture, without, and one of a restricted source."""
    shown = store.put_media(picture)
    rows = [sample("看\u2028图", "好", images=[shown]), sample("ask", "reply"), sample("hidden", "reply")]
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
            "media": frame([media.probe(picture) | {"stage_id": "s"}]),
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
    stored = pl.concat([pl.read_parquet(p, columns=["images"]) for p in (tmp_path / "out" / "data").glob("*")])
    assert stored["images"].explode().drop_nulls().struct.field("path").str.ends_with(".jpg").all()
    assert [part["type"] for part in picture["messages"][0]["content"]] == ["image", "text"]
    assert loaded["test"][0]["images"] == []
    assert loaded["test"][0]["messages"][1]["content"][0]["text"] == "reply"


def test_rows_of_a_restricted_source_stay_back_without_a_grant_and_are_counted(released, tmp_path):
    store, ids = released
    manifest = shards.export(store, "spring", tmp_path / "out")
    assert (manifest["rows"], manifest["withheld"]) == (2, 1)
    written = pl.concat([pl.read_parquet(p) for p in (tmp_path / "out" / "data").glob("*.parquet")])
    assert ids[2] not in written["sample_id"]


@pytest.mark.parametrize("format", FORMATS)
def test_exporting_twice_gives_the_same_bytes(released, tmp_path, format):
    store, _ = released
    one, two = (shards.export(store, "spring", tmp_path / name, format=format) for name in ("one", "two"))
    assert one["files"] == two["files"]
    assert json.loads((tmp_path / "one" / "manifest.json").read_text()) == one


def lines(folder):
    return [json.loads(line) for path in sorted(folder.glob("data/*")) for line in path.read_text().splitlines()]


def nulls(value):
    if isinstance(value, dict | list):
        return sum(map(nulls, value.values() if isinstance(value, dict) else value))
    return value is None


def test_lines_hold_parts_without_a_null_and_pictures_lie_beside_them(released, tmp_path, picture):
    store, ids = released
    shards.export(store, "spring", tmp_path / "out", format="jsonl")
    rows = {row["sample_id"]: row for row in lines(tmp_path / "out")}
    asked, answered = rows[ids[0]]["messages"]
    image, text = asked["content"]
    assert image == {"type": "image", "image": f"images/{media.probe(picture)['media_id']}.jpg"}
    assert text == {"type": "text", "text": "看\u2028图"}
    assert answered == {"role": "assistant", "content": [{"type": "text", "text": "好"}]}
    assert (tmp_path / "out" / image["image"]).read_bytes() == picture
    assert rows[ids[1]] == {
        "sample_id": ids[1],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "ask"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "reply"}]},
        ],
        "task": "safety",
        "label": "Safe without risk",
        "unsafe": False,
        "origin": "human",
        "source": "free",
        "license": "MIT",
    }
    assert nulls(list(rows.values())) == 0


def test_chat_has_a_placeholder_where_the_picture_stands(released, tmp_path, picture):
    store, ids = released
    shards.export(store, "spring", tmp_path / "out", format="chat")
    rows = {row["sample_id"]: row for row in lines(tmp_path / "out")}
    assert [m["content"] for m in rows[ids[0]]["messages"]] == ["<image>看\u2028图", "好"]
    (path,) = rows[ids[0]]["images"]
    assert (tmp_path / "out" / path).read_bytes() == picture
    assert rows[ids[1]]["images"] == [] and nulls(list(rows.values())) == 0


@pytest.mark.parametrize("format", ["jsonl", "chat"])
def test_load_dataset_reads_lines_whichever_keys_a_split_has(released, tmp_path, monkeypatch, format):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from datasets import load_dataset

    store, ids = released
    shards.export(store, "spring", tmp_path / "out", format=format, grant="restricted")
    loaded = load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert sorted(row["sample_id"] for rows in loaded.values() for row in rows) == sorted(ids)
    assert loaded["train"].features == loaded["test"].features
    assert loaded["test"][0]["category"] is None


def test_a_row_that_chat_cannot_say_is_left_out_and_counted(released, sample, annotation, frame, tmp_path):
    store, _ = released
    rows = [sample("what does <image> mean?", "a tag"), sample("plain", "yes")]
    ids = [row["sample_id"] for row in rows]
    members = frame([{"sample_id": s, "split": "train", "cluster_id": s} for s in ids])
    labels = frame([annotation(s, "Safe without risk") for s in ids])
    frozen = releases.freeze(store, members, labels, name="tags")
    samples = frame([row | {"stage_id": "t"} for row in rows])
    release_rows = frozen["tables"]["release_rows"].with_columns(stage_id=pl.lit("t"))
    store.commit("t", {"samples": samples, "release_rows": release_rows}, entries=frozen["entries"])
    counts = {}
    for format in FORMATS:
        manifest = shards.export(store, "tags", tmp_path / format, format=format, grant="restricted")
        counts[format] = manifest["rows"], manifest["unfit"]
    assert counts == {"parquet": (2, 0), "jsonl": (2, 0), "chat": (1, 1)}


def test_what_was_taken_down_since_leaves_no_more_and_is_counted(released, frame, tmp_path):
    store, ids = released
    gone = {"sample_id": ids[1], "reason": "asked for", "requested_at": ledger.now()}
    store.commit("down", {"takedowns": frame([gone | {"stage_id": "d"}])})
    manifest = shards.export(store, "spring", tmp_path / "out", format="jsonl")
    assert (manifest["rows"], manifest["taken_down"], manifest["withheld"]) == (1, 1, 1)
    assert ids[1] not in {row["sample_id"] for row in lines(tmp_path / "out")}


@pytest.mark.parametrize("format", FORMATS)
def test_a_picture_or_shard_that_is_gone_changed_or_added_is_found(released, tmp_path, format):
    store, _ = released
    out = tmp_path / "out"
    manifest = shards.export(store, "spring", out, format=format)
    assert shards.check(out)["pictures"] == (format != "parquet")
    for name in (*manifest["files"], *manifest["pictures"]):
        kept = (out / name).read_bytes()
        (out / name).write_bytes(kept + b" ")
        with pytest.raises(RuntimeError, match="not the file that was exported"):
            shards.check(out)
        (out / name).unlink()
        with pytest.raises(RuntimeError, match="is missing"):
            shards.check(out)
        (out / name).write_bytes(kept)
        (out / name).with_name("more").write_bytes(b"")
        with pytest.raises(RuntimeError, match="does not list"):
            shards.check(out)
        (out / name).with_name("more").unlink()
    shards.check(out)


def test_one_format_over_another_leaves_nothing_of_it(released, tmp_path):
    store, _ = released
    for format in ("jsonl", "parquet", "chat"):
        shards.export(store, "spring", tmp_path / "out", format=format)
        assert shards.check(tmp_path / "out")["format"] == format
    with pytest.raises(ValueError, match="expected parquet, jsonl, chat"):
        shards.export(store, "spring", tmp_path / "out", format="csv")


def test_a_folder_that_holds_something_else_is_left_alone(released, tmp_path):
    store, _ = released
    shutil.copytree(store.path / "media", tmp_path / "mine")
    with pytest.raises(FileExistsError, match="name another --to"):
        shards.export(store, "spring", tmp_path / "mine")


@pytest.mark.parametrize("format", FORMATS)
def test_restricted_files_are_for_their_owner_alone(released, tmp_path, format):
    store, _ = released
    before = os.umask(0o022)
    shards.export(store, "spring", tmp_path / "all", format=format, grant="restricted")
    shards.export(store, "spring", tmp_path / "open", format=format)
    os.umask(before)
    modes = {
        name: {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / name).rglob("*") if path.is_file()}
        for name in ("all", "open")
    }
    assert modes["all"] == {0} and 0 not in modes["open"]


def test_a_pull_that_was_killed_is_no_export_and_is_done_again(released, tmp_path, monkeypatch):
    store, _ = released

    def killed(*_, **__):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr("catalog.shards.card", killed)
        shards.export(store, "spring", tmp_path / "out", grant="restricted", format="jsonl")
    with pytest.raises(RuntimeError, match="killed"):
        shards.check(tmp_path / "out")
    made = shards.export(store, "spring", tmp_path / "out")
    assert made["rows"] == 2 and shards.check(tmp_path / "out")["rows"] == 2
    assert not (tmp_path / "out" / "images").exists()


def test_a_manifest_that_is_not_ours_deletes_nothing(released, tmp_path):
    out = tmp_path / "out"
    (out / "sub").mkdir(parents=True)
    (out / "sub" / "precious").write_text("x")
    for manifest in ({"files": {"sub/precious": 1}}, {"release_id": "r", "files": {"../out/sub/precious": 1}}):
        (out / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(FileExistsError):
            shards.export(released[0], "spring", out)
    assert (out / "sub" / "precious").exists()
