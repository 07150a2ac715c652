"""A store that is checked, cleaned and copied."""

import os
from datetime import timedelta

import polars as pl
import pytest

from catalog import DamagedSegment, Store, backup, digest, ledger, maintenance, place, read_model
from catalog.schema import TABLES

HOUR = timedelta(hours=1)


def clusters(*samples):
    return pl.DataFrame(
        {"sample_id": list(samples), "cluster_id": ["c"] * len(samples), "stage_id": ["s"] * len(samples)}
    )


def picture(store, data):
    row = {"media_id": store.put_media(data), "mime": "image/png", "width": 1, "height": 1, "size": len(data)}
    kinds = dict(pl.Schema(TABLES["media"]))
    return pl.DataFrame([row | {"stage_id": "s"}], schema=kinds)


def age(path, hours):
    at = path.stat().st_mtime - hours * 3600
    os.utime(path, (at, at))


@pytest.fixture
def lived_in(store):
    """A store with segments, a picture and a checkpoint."""
    store.commit("a", {"clusters": clusters("x", "y"), "media": picture(store, b"one")})
    folder = store.path / "checkpoints" / "k"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    entry = {
        "checkpoint_id": "k",
        "kind": "verifier",
        "release_id": "r",
        "path": "checkpoints/k",
        "created_at": ledger.now(),
    }
    store.commit("b", {"clusters": clusters("z")}, entries={"checkpoints": [entry]})
    return store


def everything(store):
    return {table: store.read(table).to_dicts() for table in TABLES}


def test_a_whole_store_has_no_problem(lived_in):
    assert maintenance.verify(lived_in) == []


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (
            lambda store: next((store.path / "segments" / "clusters").iterdir()).unlink(),
            "listed in the ledger but missing",
        ),
        (lambda store: next((store.path / "media").rglob("*/*")).write_bytes(b"two"), "not the file that was written"),
        (lambda store: (store.path / "checkpoints" / "k").rename(store.path / "elsewhere"), "checkpoints/k"),
    ],
)
def test_what_is_missing_or_changed_is_named(lived_in, harm, named):
    harm(lived_in)
    (problem,) = maintenance.verify(lived_in)
    assert named in problem


def test_files_that_nothing_lists_are_found_once_they_are_old_and_collected(lived_in):
    segments = lived_in.path / "segments" / "clusters"
    (segments / ("f" * 64 + ".parquet")).write_bytes(b"left by a killed commit")
    (segments / ".half.parquet.99").write_bytes(b"hal")
    stray = lived_in.put_media(b"met, and then the process was killed")
    young = segments / ("e" * 64 + ".parquet")
    young.write_bytes(b"a commit under way")
    for path in lived_in.path.rglob("*"):
        if path.is_file() and path != young:
            age(path, 2)
    found = [entry.name for entry in maintenance.orphans(lived_in, older_than=HOUR)]
    assert sorted(found) == sorted(
        [f"segments/clusters/{'f' * 64}.parquet", "segments/clusters/.half.parquet.99", f"media/{stray[:2]}/{stray}"]
    )
    before = everything(lived_in)
    assert [entry.name for entry in maintenance.collect(lived_in, older_than=HOUR)] == found
    assert maintenance.orphans(lived_in, older_than=HOUR) == []
    assert young.exists() and everything(lived_in) == before and maintenance.verify(lived_in) == []


def test_a_file_that_is_written_again_is_young_again(lived_in):
    """A commit that finds its file there from an earlier, killed attempt must not lose it to a collector."""
    name = lived_in.put_media(b"stray")
    path = lived_in.path / "media" / name[:2] / name
    age(path, 2)
    lived_in.put_media(b"stray")
    assert maintenance.orphans(lived_in, older_than=HOUR) == []


def test_a_commit_whose_file_was_collected_is_refused_and_can_be_done_again(store, monkeypatch):
    def collected(files, table, rows):
        made = write(files, table, rows)
        next((store.path / "segments").rglob("*.parquet")).unlink()
        return made

    write = __import__("catalog.segments", fromlist=["write"]).write
    with monkeypatch.context() as patch:
        patch.setattr("catalog.segments.write", collected)
        with pytest.raises(OSError, match="vanished"):
            store.commit("b", {"clusters": clusters("x")})
    assert store.commit("b", {"clusters": clusters("x")}) and store.read("clusters").height == 1


def test_work_of_committed_stages_goes_and_work_in_progress_stays(lived_in):
    for name in ("a", "unfinished"):
        (lived_in.path / "work" / name).mkdir(parents=True)
    maintenance.collect(lived_in)
    assert [path.name for path in (lived_in.path / "work").iterdir()] == ["unfinished"]


def test_a_restored_backup_is_the_store_as_it_was_then(lived_in, tmp_path):
    then = everything(lived_in)
    made = backup.backup(lived_in, str(tmp_path / "backups"))
    lived_in.commit("later", {"clusters": clusters("w"), "media": picture(lived_in, b"two")})
    restored = backup.restore(str(tmp_path / "backups"), tmp_path / "restored")
    assert made["seq"] == 2 and everything(restored) == then and maintenance.verify(restored) == []
    assert (restored.path / "checkpoints" / "k" / "model.safetensors").read_bytes() == b"weights"
    assert not restored.commit("b", {"clusters": clusters("z")})  # it goes on where the other one was
    assert restored.commit("later", {"clusters": clusters("w")})
    with read_model.connect(read_model.build(restored).parent) as connection:
        assert connection.execute("select count(*) from clusters").fetchone() == (4,)


def test_a_second_backup_copies_what_is_new_and_each_can_be_restored(lived_in, tmp_path):
    place_of_backups = str(tmp_path / "backups")
    first = backup.backup(lived_in, place_of_backups)
    lived_in.commit("later", {"clusters": clusters("w")})
    second = backup.backup(lived_in, place_of_backups)
    assert (first["copied"], second["copied"]) == (5, 1)
    assert backup.backups(place_of_backups) == [first["backup"], second["backup"]]
    for made, rows in ((first, 3), (second, 4)):
        store = backup.restore(place_of_backups, tmp_path / made["backup"], name=made["backup"])
        assert store.read("clusters").height == rows


@pytest.mark.parametrize("part", ["segments", "media", "blobs", "ledgers", "backups"])
def test_a_backup_that_was_changed_is_refused(lived_in, tmp_path, part):
    backup.backup(lived_in, str(tmp_path / "backups"))
    path = next(path for path in (tmp_path / "backups" / part).rglob("*") if path.is_file())
    path.write_bytes(b"changed")
    with pytest.raises(DamagedSegment, match=path.name):
        backup.restore(str(tmp_path / "backups"), tmp_path / "restored")
    assert not place.exists(tmp_path / "restored") or Store(tmp_path / "restored").head() == 0


def test_nothing_is_restored_over_a_store_and_a_damaged_store_is_not_backed_up(lived_in, tmp_path):
    backup.backup(lived_in, str(tmp_path / "backups"))
    with pytest.raises(FileExistsError, match="another folder"):
        backup.restore(str(tmp_path / "backups"), lived_in.path)
    with pytest.raises(LookupError, match=r"begins with 00000009 at .*; there are: 20"):
        backup.restore(str(tmp_path / "backups"), tmp_path / "new", name="00000009")
    next((lived_in.path / "segments" / "clusters").iterdir()).unlink()
    with pytest.raises(DamagedSegment):
        backup.backup(lived_in, str(tmp_path / "others"))
    assert backup.backups(str(tmp_path / "others")) == []


def test_a_store_moves_from_sqlite_and_a_folder_to_postgresql_and_s3(lived_in, tmp_path, s3, postgres_url):
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url

    name = f"moved_{digest(str(tmp_path))[:12]}"
    with create_engine(postgres_url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"create database {name}"))
    there = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    files = s3()
    backup.backup(lived_in, f"{files}-backup")
    place.settle(tmp_path / "moved", files=files, ledger=there)
    moved = backup.restore(f"{files}-backup", tmp_path / "moved")
    assert everything(moved) == everything(lived_in) and maintenance.verify(moved) == []
    backup.backup(moved, str(tmp_path / "back"))
    assert everything(backup.restore(str(tmp_path / "back"), tmp_path / "home")) == everything(lived_in)


def test_backups_are_listed_in_the_order_in_which_they_were_made(lived_in, tmp_path):
    """Whatever their numbers say: an older one was restored, and the store went another way."""
    first = backup.backup(lived_in, str(tmp_path / "backups"))["backup"]
    lived_in.commit("wrong", {"clusters": clusters("w")})
    lived_in.commit("wrong too", {"clusters": clusters("w")})
    second = backup.backup(lived_in, str(tmp_path / "backups"))["backup"]
    restored = backup.restore(str(tmp_path / "backups"), tmp_path / "restored", name=first)
    restored.commit("right", {"clusters": clusters("v")})
    third = backup.backup(restored, str(tmp_path / "backups"))["backup"]
    assert backup.backups(str(tmp_path / "backups")) == [first, second, third]
    newest = backup.restore(str(tmp_path / "backups"), tmp_path / "newest")
    assert newest.has("right") and not newest.has("wrong")


def test_a_store_that_lost_a_checkpoint_is_not_backed_up(lived_in, tmp_path):
    (lived_in.path / "checkpoints" / "k").rename(lived_in.path / "elsewhere")
    with pytest.raises(DamagedSegment, match="checkpoints/k"):
        backup.backup(lived_in, str(tmp_path / "backups"))
    assert backup.backups(str(tmp_path / "backups")) == []


def test_a_picture_that_was_collected_before_its_commit_is_refused_and_can_be_put_again(store):
    row = picture(store, b"one")
    assert len(maintenance.collect(store, older_than=0 * HOUR)) == 1
    with pytest.raises(OSError, match="vanished"):
        store.commit("b", {"media": row})
    assert not store.has("b")
    assert store.commit("b", {"media": picture(store, b"one")}) and maintenance.verify(store) == []


def test_a_backup_inside_the_store_is_refused(lived_in):
    with pytest.raises(ValueError, match="would be lost with it"):
        backup.backup(lived_in, str(lived_in.path / "backups"))


def test_a_file_at_the_backup_place_that_was_cut_is_copied_again(lived_in, tmp_path):
    backup.backup(lived_in, str(tmp_path / "backups"))
    next((tmp_path / "backups" / "segments" / "clusters").iterdir()).write_bytes(b"cut")
    assert backup.backup(lived_in, str(tmp_path / "backups"))["copied"] == 1
    assert maintenance.verify(backup.restore(str(tmp_path / "backups"), tmp_path / "restored")) == []
