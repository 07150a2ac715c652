"""Ingest piece by piece: what was read is not read again, and no record is lost on the way."""

import json
from pathlib import Path

import polars as pl
import pytest
import yaml
from PIL import Image

from catalog import Store, attempts, execute, fingerprints
from catalog.schema import SEGMENT_TABLES
from corpus import sources
from corpus.pieces import write
from corpus.readers import ReadError
from safeladder.pipeline import ingest, reading


def source(folder, slug, *, files=3):
    """A source of some files with four records each, one of them with an unknown label, and a picture in each file."""
    folder.mkdir(exist_ok=True)
    for n in range(files):
        Image.new("RGB", (4, 4 + n % 2)).save(folder / f"{n}.png")
        rows = [
            {"q": f"{slug} 第{n}-{i}个问题", "a": f"回答{i}", "label": "Unsafe" if i else "?", "image": f"{n}.png"}
            for i in range(4)
        ]
        (folder / f"{slug}-{n}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    row = {
        "prompt": "q",
        "response": "a",
        "images": ["image"],
        "task": "safety",
        "label": {"from": "label", "map": {"Unsafe": "Unsafe"}},
    }
    value = {
        "slug": slug,
        "title": slug,
        "home": "here",
        "license": "Apache-2.0",
        "tier": "open",
        "citation": "none",
        "languages": ["zh"],
        "label_origin": "human",
        "files": [{"glob": f"{slug}-*.jsonl", "rows": [row]}],
    }
    path = folder / f"{slug}.yaml"
    path.write_text(yaml.safe_dump(value, allow_unicode=True))
    return str(path)


@pytest.fixture
def small_pieces(monkeypatch):
    """A file is a piece."""
    monkeypatch.setattr(reading, "PIECE_FILES", 1)


def outcome(store):
    return {name: store.read(name).rows() for name in ("working", *SEGMENT_TABLES)}


def run(store, slugs, data, *, workers=1, retry=False):
    chain = attempts(store, ingest.stages(slugs, data, workers=workers), retry=retry)
    execute(store, name="r", recipe={}, stages=chain)
    return chain


def test_every_record_is_accounted_for_and_workers_change_nothing(tmp_path, small_pieces):
    slugs = [source(tmp_path / "a", "a"), source(tmp_path / "锁", "锁", files=2)]
    one, two = Store(tmp_path / "one"), Store(tmp_path / "two")
    run(one, slugs, tmp_path)
    run(two, slugs, tmp_path, workers=2)
    assert outcome(one) == outcome(two)
    numbers = one.read("stages").select("stage", "rows_in", "rows_out", "rejected", "failed").rows()
    assert numbers == [("ingest:a", 12, 9, 3, 0), ("ingest:锁", 8, 6, 2, 0)]
    assert one.read("media")["media_id"].n_unique() == 2
    for picture in one.read("media")["media_id"]:
        assert one.get_media(picture) == two.get_media(picture)
    assert not list((tmp_path / "two" / "work").iterdir())


def test_a_run_that_stopped_reads_only_what_is_left(tmp_path, small_pieces, monkeypatch):
    slug = source(tmp_path / "a", "a")
    undisturbed, store = Store(tmp_path / "undisturbed"), Store(tmp_path / "store")
    run(undisturbed, [slug], tmp_path)
    read, asked = sources.read, []

    def stop_at(name):
        def reads(source, root, file, **options):
            asked.append(file)
            if file == name:
                raise OSError("the disk is gone")
            return read(source, root, file, **options)

        monkeypatch.setattr(sources, "read", reads)

    stop_at("a-2.jsonl")
    with pytest.raises(OSError, match="the disk is gone"):
        run(store, [slug], tmp_path)
    (work,) = (tmp_path / "store" / "work").iterdir()
    (work / ".half.9999999").mkdir()
    write(work / ".half.9999999" / "00000.rows", pl.DataFrame({"a": [1]}))
    stop_at("nothing")
    asked.clear()
    run(store, [slug], tmp_path)
    assert asked == ["a-2.jsonl"]
    assert outcome(store) == outcome(undisturbed)


def test_a_changed_file_meets_no_old_piece(tmp_path):
    source(tmp_path / "a", "a")
    mine = sources.Source.from_yaml(tmp_path / "a" / "a.yaml")
    digests = dict.fromkeys(sources.files(mine, tmp_path), "1")
    names = [
        reading.cut(mine, tmp_path, given, Path("w"))[0].folder
        for given in (digests, digests, {**digests, "a-1.jsonl": "2"})
    ]
    assert names[0] == names[1] != names[2]


def test_a_reader_that_drops_a_record_fails_the_stage(tmp_path, monkeypatch):
    read = sources.read

    def loses(source, root, file, **options):
        for part in read(source, root, file, **options):
            yield part._replace(rows=part.rows[1:])

    monkeypatch.setattr(sources, "read", loses)
    with pytest.raises(RuntimeError, match="12 records were read, but 9 became"):
        run(Store(tmp_path / "store"), [source(tmp_path / "a", "a")], tmp_path)


def test_a_record_that_failed_is_read_again_on_demand(tmp_path, small_pieces, monkeypatch):
    slug = source(tmp_path / "a", "a")
    undisturbed, store = Store(tmp_path / "undisturbed"), Store(tmp_path / "store")
    run(undisturbed, [slug], tmp_path)
    read, asked = sources.read, []

    def fails(source, root, file, **options):
        asked.append(file)
        for part in read(source, root, file, **options):
            if file == "a-1.jsonl":
                bad = part.rows[:1].select("sample_id", "source", "file", "line")
                failed = bad.with_columns(reason=pl.lit("failed"), detail=pl.lit("KeyError"))
                rejections = pl.concat([part.rejections, failed.select(part.rejections.columns)])
                part = part._replace(rows=part.rows[1:], rejections=rejections)
            yield part

    monkeypatch.setattr(sources, "read", fails)
    run(store, [slug], tmp_path)
    assert store.read("stages").select("rows_in", "rows_out", "rejected", "failed").rows() == [(12, 8, 3, 1)]
    monkeypatch.setattr(sources, "read", lambda *words, **options: (asked.append(words[2]), read(*words, **options))[1])
    asked.clear()
    run(store, [slug], tmp_path, retry=True)
    assert asked == ["a-1.jsonl"]
    mended = run(store, [slug], tmp_path)
    stage_id = store.read("stages").filter(pl.col("failed") == 0)["stage_id"].item()
    assert mended[0].attempt == 2
    before = undisturbed.read("stages")["stage_id"].item()
    for table in ("working", "samples", "occurrences", "annotations", "media", "rejections", "sources"):
        rows, expected = store.read(table, batch_id=stage_id), undisturbed.read(table, batch_id=before)
        assert rows.drop("stage_id", strict=False).equals(expected.drop("stage_id", strict=False)), table


def test_the_encoding_of_each_file_and_what_is_odd_about_pictures_are_in_the_catalog(tmp_path):
    slug = source(tmp_path / "a", "a", files=2)
    first = tmp_path / "a" / "a-0.jsonl"
    text = first.read_text()
    first.write_text(text, encoding="utf-8-sig")
    second = tmp_path / "a" / "a-1.jsonl"
    rows = [json.loads(line) for line in second.read_text().splitlines()]
    plain = "".join(json.dumps(row | {"image": "1.jpg"}, ensure_ascii=False) + "\n" for row in rows)
    second.write_bytes(plain.encode("gb18030"))
    (tmp_path / "a" / "1.png").rename(tmp_path / "a" / "1.jpg")
    store = Store(tmp_path / "store")
    run(store, [slug], tmp_path)
    files = store.read("source_files").select("file", "format", "encoding").rows()
    assert files == [("a-0.jsonl", "jsonl", "utf-8-sig"), ("a-1.jsonl", "jsonl", "gb18030")]
    assert store.read("notes").select("note", "file", "image").rows() == [("wrong_suffix", "a-1.jsonl", "1.jpg")]


def test_two_descriptions_of_one_slug_are_refused(tmp_path):
    mine = [source(tmp_path / "a", "same"), source(tmp_path / "b", "same")]
    with pytest.raises(ValueError, match="two descriptions have the slug same"):
        ingest.stages(mine, tmp_path)


def test_a_changed_picture_is_read_again(tmp_path):
    slug, store = source(tmp_path / "a", "a", files=1), Store(tmp_path / "store")
    run(store, [slug], tmp_path)
    (was,) = store.read("media")["media_id"].to_list()
    Image.new("RGB", (9, 9)).save(tmp_path / "a" / "0.png")
    chain = run(store, [slug], tmp_path)
    (now,) = store.read("media", batch_id=next(iter(fingerprints(chain).values())))["media_id"].to_list()
    assert now != was


def test_a_file_that_changes_between_its_digest_and_its_reading_is_an_error(tmp_path):
    slug, store = source(tmp_path / "a", "a", files=1), Store(tmp_path / "store")
    chain = ingest.stages([slug], tmp_path)
    with (tmp_path / "a" / "a-0.jsonl").open("a") as file:
        file.write(json.dumps({"q": "新问题"}) + "\n")
    with pytest.raises(ReadError, match=r"a-0\.jsonl changed while it was read: run again"):
        execute(store, name="r", recipe={}, stages=chain)
    run(store, [slug], tmp_path)


def test_a_source_without_a_record_is_an_error(tmp_path):
    slug = source(tmp_path / "a", "a", files=1)
    (tmp_path / "a" / "a-0.jsonl").write_text("")
    with pytest.raises(ValueError, match="source a: its 1 files hold no record"):
        run(Store(tmp_path / "store"), [slug], tmp_path)
