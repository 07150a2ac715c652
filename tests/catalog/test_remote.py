"""Segments and media on S3, in good and bad weather; the same store as a local one to whoever reads it."""

import hashlib
import multiprocessing

import polars as pl
import pytest
from s3fs import S3FileSystem

from catalog import DamagedSegment, Store, place, read_model
from catalog.files import open_files
from tests.catalog.servers import cutting_proxy


def clusters(*samples):
    return pl.DataFrame(
        {"sample_id": list(samples), "cluster_id": ["c"] * len(samples), "stage_id": ["s"] * len(samples)}
    )


@pytest.fixture
def remote(tmp_path, s3):
    """`remote(port)`: a store whose files lie on S3 behind that port."""

    def make(*port):
        folder = tmp_path / "store"
        place.settle(folder, files=s3(*port))
        return Store(folder)

    return make


def test_rows_and_pictures_come_back_from_s3_and_nothing_of_them_lies_in_the_folder(remote):
    store = remote()
    store.commit("b", {"clusters": clusters("x", "样本")})
    name = store.put_media(b"picture")
    assert not (store.path / "segments").exists() and not (store.path / "media").exists()
    again = Store(store.path)
    assert again.read("clusters")["sample_id"].to_list() == ["x", "样本"]
    assert again.get_media(name) == b"picture"
    with read_model.connect(read_model.build(again).parent) as connection:
        assert connection.execute("select count(*) from clusters").fetchone() == (2,)


def test_connections_that_are_cut_cost_time_and_no_row(remote, s3_port, monkeypatch):
    monkeypatch.setattr("catalog.files.FIRST_WAIT", 0.01)
    with cutting_proxy(s3_port, rate=0.4) as (port, counts):
        store = remote(port)
        for i in range(12):
            store.commit(f"b{i}", {"clusters": clusters(*(f"{i}-{j}" for j in range(50)))})
            store.put_media(bytes([i]) * 5000)
        forget_copies(store)
        found = store.read("clusters")["sample_id"].to_list()
        pictures = [store.get_media(hashlib.sha256(bytes([i]) * 5000).hexdigest()) for i in range(12)]
    assert found == [f"{i}-{j}" for i in range(12) for j in range(50)]
    assert pictures == [bytes([i]) * 5000 for i in range(12)]
    assert counts["cut"] > 5, counts


def forget_copies(store):
    """Forget the local copies, so that everything is read from the other side."""
    for path in (store.path / "copies").rglob("*"):
        if path.is_file():
            path.unlink()


def test_an_endpoint_that_is_gone_is_an_error_that_names_the_file_and_commits_nothing(remote, s3_port, monkeypatch):
    monkeypatch.setattr("catalog.files.TRIES", 2)
    monkeypatch.setattr(S3FileSystem, "retries", 1)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with cutting_proxy(s3_port, rate=1.0) as (port, _):
        store = remote(port)
        # Cut after at most a few bytes, every time.
        with pytest.raises(OSError, match="cannot write s3://"):
            store.commit("b", {"clusters": clusters(*map(str, range(5000)))})
    assert not store.has("b")


@pytest.mark.parametrize("harm", ["missing", "changed"])
def test_a_missing_or_changed_segment_is_named(remote, harm, monkeypatch):
    monkeypatch.setattr("catalog.files.FIRST_WAIT", 0.001)
    store = remote()
    store.commit("b", {"clusters": clusters("x")})
    ((_, digest),) = store.segment_list("clusters")
    path = f"{place.read(store.path).files}/segments/clusters/{digest}.parquet"
    S3FileSystem().rm(path) if harm == "missing" else S3FileSystem().pipe_file(path, b"PAR1 half a file")
    with pytest.raises(DamagedSegment, match=digest):
        store.read("clusters")


def test_a_damaged_local_copy_is_fetched_again(remote):
    store = remote()
    store.commit("b", {"clusters": clusters("x")})
    store.read("clusters")
    (copy,) = (store.path / "copies").rglob("*.parquet")
    copy.write_bytes(b"half")
    assert store.read("clusters")["sample_id"].to_list() == ["x"]


def test_two_hosts_share_a_store_on_s3_and_postgresql(tmp_path, s3, postgres_url):
    url = s3()
    for host in ("a", "b"):
        place.settle(tmp_path / host, files=url, ledger=postgres_url)
    here, there = Store(tmp_path / "a"), Store(tmp_path / "b")
    here.commit("from-a", {"clusters": clusters("x")})
    there.commit("from-b", {"clusters": clusters("y")})
    assert here.read("clusters").equals(there.read("clusters")) and here.read("clusters").height == 2


def _commit_some(path, worker):
    store = Store(path)
    for i in range(30):
        store.commit(f"{worker}-{i}", {"clusters": clusters(f"{worker}-{i}")})


@pytest.mark.slow
@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)
def test_four_processes_commit_to_s3_through_cut_connections_and_lose_nothing(tmp_path, s3, s3_port, ledger_url):
    with cutting_proxy(s3_port, rate=0.05) as (port, counts):
        place.settle(tmp_path / "store", files=s3(port), ledger=ledger_url)
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=_commit_some, args=(tmp_path / "store", w)) for w in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        store = Store(tmp_path / "store")
        assert [worker.exitcode for worker in workers] == [0] * 4 and counts["cut"] > 0, counts
        assert store.read("commits")["seq"].to_list() == list(range(1, 121))
        assert set(store.read("clusters")["sample_id"]) == {f"{w}-{i}" for w in range(4) for i in range(30)}


def test_a_store_named_by_its_url_needs_a_ledger_once_and_is_found_again(tmp_path, s3, monkeypatch):
    monkeypatch.setenv("SAFELADDER_CACHE", str(tmp_path / "cache"))
    url = s3()
    with pytest.raises(ValueError, match="SAFELADDER_LEDGER"):
        place.folder_of(url, ledger=None)
    folder = place.folder_of(url, ledger=f"sqlite:///{tmp_path / 'l.sqlite'}")
    Store(folder).commit("b", {"clusters": clusters("x")})
    assert place.folder_of(url + "/", ledger=None) == folder
    assert Store.existing(folder).read("clusters").height == 1
    with pytest.raises(ValueError, match="holds a store already, files at s3"):
        place.folder_of(url, ledger="sqlite:////another")


def test_a_folder_that_holds_a_store_is_not_settled_elsewhere(tmp_path):
    Store(tmp_path / "store").commit("b", {"clusters": clusters("x")})
    with pytest.raises(ValueError, match="holds a store already"):
        place.settle(tmp_path / "store", files="s3://bucket/x")


def test_any_file_system_that_fsspec_knows_will_do(tmp_path):
    place.settle(tmp_path / "store", files=f"file://{tmp_path}/media/some where")
    store = Store(tmp_path / "store")
    store.commit("b", {"clusters": clusters("x")})
    assert store.read("clusters")["sample_id"].to_list() == ["x"]


def test_a_file_system_that_nobody_knows_is_named(tmp_path):
    for url, why in (("nonsense://x", "nonsense"), ("memory://x", "gone with its process")):
        with pytest.raises(ValueError, match=why):
            place.settle(tmp_path / "store", files=url)
    assert not place.exists(tmp_path / "store")  # and the right URL may follow


def test_a_password_is_not_written_down(tmp_path):
    with pytest.raises(ValueError, match="pgpass"):
        place.settle(tmp_path / "store", ledger="postgresql+psycopg://me:secret@host/db")
    assert not place.exists(tmp_path / "store")


def test_a_store_json_that_is_wrong_is_named(tmp_path):
    (tmp_path / "store.json").write_text('{"file": "s3://x"}')
    with pytest.raises(ValueError, match=r"store\.json"):
        Store(tmp_path)


def test_a_place_that_is_named_like_our_folders_is_listed_right(tmp_path):
    files = open_files(f"file://{tmp_path}/multimedia/segments/x", cache=tmp_path / "cache")
    files.put("media/ab/abc", b"1")
    assert [entry.name for entry in files.entries("media")] == ["media/ab/abc"]
    assert files.missing(["media/ab/abc"] * 200 + ["media/ab/other"]) == ["media/ab/other"]
