import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from catalog import DamagedSegment, Store, with_text


def clusters(*samples):
    return pl.DataFrame(
        {"sample_id": list(samples), "cluster_id": ["c"] * len(samples), "stage_id": ["s"] * len(samples)}
    )


def test_a_batch_stands_once_however_often_it_is_committed(store):
    assert store.commit("b", {"clusters": clusters("x")})
    assert not store.commit("b", {"clusters": clusters("x")})
    assert store.read("clusters")["sample_id"].to_list() == ["x"]


def test_rows_come_back_as_they_went_in_pictures_and_chinese_included(store, sample, frame):
    rows = frame(
        [sample("问题", "回答", images=["m" * 64]) | {"stage_id": "s"}, sample("only asked") | {"stage_id": "s"}]
    )
    store.commit("b", {"samples": rows})
    read = with_text(store.read("samples"))
    assert read["prompt"].to_list() == ["问题", "only asked"]
    assert read["response"].to_list() == ["回答", None]
    assert read["images"].to_list() == [["m" * 64], []]


def test_columns_that_differ_from_the_schema_are_refused_by_name(store):
    with pytest.raises(ValueError, match="cluster_id"):
        store.commit("b", {"clusters": clusters("x").drop("cluster_id")})
    assert not store.has("b")


@pytest.mark.parametrize("harm", ["missing", "changed"])
def test_a_missing_or_changed_segment_is_an_error_and_never_a_short_answer(store, harm):
    store.commit("b", {"clusters": clusters("x")})
    (path,) = (store.path / "segments").rglob("*.parquet")
    path.unlink() if harm == "missing" else path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(DamagedSegment, match=path.name):
        store.read("clusters")


def test_a_table_that_takes_no_rows_is_refused(store):
    with pytest.raises(KeyError, match="releases"):
        store.commit("b", {"releases": clusters("x")})
    assert not store.has("b")


def test_media_is_kept_once_under_its_digest_and_checked_when_read(store):
    name = store.put_media(b"picture")
    assert store.put_media(b"picture") == name
    assert store.get_media(name) == b"picture"
    (store.path / "media" / name[:2] / name).write_bytes(b"other")
    with pytest.raises(DamagedSegment):
        store.get_media(name)


def test_a_store_that_is_not_there_names_the_command_that_makes_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="safeladder run"):
        Store.existing(tmp_path / "nowhere")


def test_only_its_owner_can_read_a_new_store(store):
    assert store.path.stat().st_mode & 0o077 == 0


def _commit_some(path, worker):
    store = Store(path)
    for i in range(5):
        store.commit(f"{worker}-{i}", {"clusters": clusters(f"{worker}-{i}")})


def test_processes_that_commit_at_once_lose_nothing(store):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_commit_some, args=(store.path, w)) for w in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert store.read("clusters")["sample_id"].sort().to_list() == [f"{w}-{i}" for w in range(3) for i in range(5)]


def test_rows_that_are_committed_stand_even_where_their_file_had_been_damaged(store):
    store.commit("a", {"clusters": clusters("x")})
    (path,) = (store.path / "segments").rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:-1] + b"x")  # as long as before
    store.commit("b", {"clusters": clusters("x")})
    assert store.read("clusters")["sample_id"].to_list() == ["x", "x"]


def test_threads_that_put_the_same_picture_at_once_do_not_disturb_each_other(store):
    pictures = [bytes([number]) * 100_000 for number in range(50)]
    with ThreadPoolExecutor(4) as threads:
        puts = [threads.submit(store.put_media, data) for _ in range(4) for data in pictures]
        names = [put.result() for put in puts]
    assert [store.get_media(name) for name in names] == pictures * 4
