import multiprocessing
import time

import duckdb
import pytest

from catalog import DamagedSegment, Store, describe, read_model


@pytest.fixture
def built(store, sample, annotation, frame):
    rows = [sample("问", "答", images=["m" * 64]), sample("ask", "reply")]
    ids = [row["sample_id"] for row in rows]
    seen = {"file": "f", "source_id": None, "source_label": None, "source_group": None, "stage_id": "s"}
    store.commit(
        "b",
        {
            "samples": frame([row | {"stage_id": "s"} for row in rows]),
            "occurrences": frame([{"sample_id": ids[0], "source": "one", "line": 1} | seen] * 2),
            "annotations": frame([annotation(ids[0], "Unsafe")]),
        },
    )
    read_model.build(store)
    return store, ids


def test_rows_shows_text_pictures_and_source_of_each_sample_once(built):
    store, ids = built
    with read_model.connect(store.path) as catalog:
        rows = catalog.execute(
            "select sample_id, prompt, response, images, source from rows order by images"
        ).fetchall()
    assert rows == [(ids[1], "ask", "reply", 0, None), (ids[0], "问", "答", 1, "one")]


def test_the_same_fact_committed_by_two_stages_stands_once(built):
    store, _ = built
    store.commit("again", {"samples": store.read("samples"), "occurrences": store.read("occurrences")})
    read_model.build(store)
    with read_model.connect(store.path) as catalog:
        assert catalog.execute("select count(*) from samples").fetchone() == (2,)
        assert catalog.execute("select count(*) from occurrences").fetchone() == (1,)


def test_every_column_says_what_it_means(built):
    store, _ = built
    with read_model.connect(store.path) as catalog:
        comments = catalog.execute("select table_name, column_name, comment from duckdb_columns() where not internal")
        found = {(table, column): comment for table, column, comment in comments.fetchall() if table != "rows"}
    assert found[("samples", "messages")] == describe("samples")["messages"]
    assert all(found.values())


def test_readers_cannot_write(built):
    with read_model.connect(built[0].path) as catalog, pytest.raises(duckdb.Error, match="read-only"):
        catalog.execute("delete from samples")


def test_a_damaged_segment_leaves_the_old_catalog_in_place(built):
    store, _ = built
    (path,) = (store.path / "segments" / "samples").glob("*.parquet")
    path.write_bytes(b"broken")
    with pytest.raises(DamagedSegment):
        read_model.build(store)
    with read_model.connect(store.path) as catalog:
        assert catalog.execute("select count(*) from samples").fetchone() == (2,)


def _read_until(path, stop, answers):
    while not stop.is_set():
        with read_model.connect(path) as catalog:
            answers.append(catalog.execute("select count(*) from samples").fetchone()[0])


def test_a_reader_in_another_process_is_never_disturbed_by_publishing(built):
    store, _ = built
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        stop, answers = manager.Event(), manager.list()
        reader = context.Process(target=_read_until, args=(store.path, stop, answers))
        reader.start()
        deadline = time.monotonic() + 30
        while not answers and time.monotonic() < deadline:
            time.sleep(0.01)
        for _ in range(5):
            read_model.build(store)
        stop.set()
        reader.join()
        assert reader.exitcode == 0 and set(answers) == {2}


def test_a_catalog_that_was_never_built_names_the_command(tmp_path):
    with pytest.raises(FileNotFoundError, match="catalog build"):
        read_model.connect(Store(tmp_path / "s").path)


def test_every_table_and_view_says_what_it_is_for(built):
    store, _ = built
    with read_model.connect(store.path) as catalog:
        said = catalog.execute(
            """select view_name, comment from duckdb_views() where not internal and database_name = 'catalog'
               union all select table_name, comment from duckdb_tables() where not internal"""
        ).fetchall()
        columns = catalog.execute(
            "select table_name, column_name, comment from duckdb_columns() where not internal"
        ).fetchall()
    assert {"rows", "labels", "samples", "commits"} <= {name for name, _ in said}
    assert [name for name, comment in said if not comment] == []
    assert [(name, column) for name, column, comment in columns if not comment] == []
    by_name = {relation: [column for name, column, _ in columns if name == relation] for relation, *_ in columns}
    for relation in read_model.relations().values():
        assert set(relation.columns) == set(by_name[relation.name]), relation.name
