"""The catalog as it was, and the catalog shut off from everything else."""

from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl
import pytest

from catalog import ledger, read_model, releases


@pytest.fixture
def grown(store, sample, annotation, frame):
    """Five commits: two rows with a label each, a release, a better label, a third row, a takedown of the first."""
    rows = [sample(text, "答") | {"stage_id": "s"} for text in ("一", "two", "three")]
    ids = [row["sample_id"] for row in rows]
    labels = frame([annotation(ids[0], "Unsafe"), annotation(ids[1], "Unsafe", annotator="b")])
    store.commit("1", {"samples": frame(rows[:2]), "annotations": labels})
    members = frame([{"sample_id": i, "split": "train", "cluster_id": "c"} for i in ids[:2]])
    frozen = releases.freeze(store, members, labels, name="spring")
    rows_ = frozen["tables"]["release_rows"].with_columns(stage_id=pl.lit("r"))
    store.commit("2", {"release_rows": rows_}, entries=frozen["entries"])
    better = annotation(ids[1], "Safe with warning", origin="review", annotator="rosa")
    store.commit("3", {"annotations": frame([better])})
    store.commit("4", {"samples": frame(rows[2:])})
    down = {"sample_id": ids[0], "reason": "asked", "requested_at": datetime.now(UTC), "stage_id": "s"}
    store.commit("5", {"takedowns": frame([down])})
    read_model.build(store)
    return store, ids, frozen["release_id"]


def _count(connection, relation):
    return connection.execute(f"select count(*) from {relation}").fetchall()[0][0]


def test_every_table_and_view_is_shown_as_it_was(grown):
    store, ids, _ = grown
    expected = {0: (0, 0, 0, 0, 0), 1: (2, 2, 0, 0, 2), 2: (2, 2, 2, 1, 2), 4: (3, 3, 2, 1, 3), 5: (2, 2, 1, 1, 2)}
    for seq, counts in expected.items():
        with read_model.connect(store.path, as_of=seq) as catalog:
            found = [_count(catalog, name) for name in ("samples", "rows", "release_rows", "releases", "main.samples")]
            assert tuple(found) == counts, seq
            assert _count(catalog, "history.samples") == 3 and _count(catalog, "commits") == seq
            assert not catalog.execute("from samples where removed_seq is not null").fetchall()
    label = "select label from labels where sample_id = ?"
    for seq, said in ((2, "Unsafe"), (3, "Safe with warning")):
        with read_model.connect(store.path, as_of=seq) as catalog:
            assert catalog.execute(label, [ids[1]]).fetchall() == [(said,)]
    with read_model.connect(store.path) as catalog:
        assert _count(catalog, "samples") == 2


def test_every_view_can_be_asked_at_any_moment(grown):
    for seq in range(6):
        with read_model.connect(grown[0].path, as_of=seq) as catalog:
            for name in read_model.relations():
                catalog.execute(f"from {name}").fetchall()


def test_a_moment_is_a_commit_a_release_or_a_time(grown):
    store, _, release_id = grown
    with read_model.connect(store.path) as catalog:
        (third,) = catalog.execute("select committed_at from commits where seq = 3").fetchall()[0]
        after = third + timedelta(microseconds=1)
        asked = [3, "3", "spring", release_id[:8], third.isoformat(), after, after.replace(tzinfo=None), "2020-01-01"]
        assert [read_model.moment(catalog, moment) for moment in asked] == [3, 3, 2, 2, 3, 3, 3, 0]
        for wrong in ("6", "autumn", release_id[:5]):
            with pytest.raises(LookupError, match=r"0 to 5.*from releases"):
                read_model.moment(catalog, wrong)


def test_runs_are_those_that_had_begun(grown):
    store, *_ = grown
    with ledger.writing(store.ledger) as connection:
        new = {"name": "n", "recipe": "{}", "state": "finished"}
        runs = [{"run_id": "old", "started_at": datetime(2020, 1, 1)}, {"run_id": "new", "started_at": ledger.now()}]
        connection.execute(ledger.runs.insert(), [run | new for run in runs])
    read_model.build(store)
    with read_model.connect(store.path, as_of=2) as catalog:
        assert catalog.execute("select run_id from runs").fetchall() == [("old",)]
    with read_model.connect(store.path) as catalog:
        assert _count(catalog, "runs") == 2


def test_connections_of_one_process_do_not_disturb_each_other(grown, frame, sample):
    store, *_ = grown
    old = read_model.connect(store.path)
    assert _count(old, "samples") == 2
    store.commit("6", {"samples": frame([sample("six") | {"stage_id": "s"}])})
    read_model.build(store)
    with read_model.connect(store.path, sandbox=True) as new, read_model.connect(store.path, as_of=1) as first:
        assert [_count(each, "samples") for each in (old, new, first)] == [2, 3, 2]
    old.close()


def test_a_file_that_may_not_be_read_is_not_called_damaged(grown, monkeypatch):
    store, *_ = grown
    file = store.path / read_model.FILE
    file.rename(store.path / "elsewhere")
    file.mkdir()
    with pytest.raises(duckdb.Error):
        read_model.connect(store.path)
    file.rmdir()
    file.write_bytes(b"another's file")
    with pytest.raises(ValueError, match=r"no DuckDB file, or a damaged one.*catalog build --full --store"):
        read_model.connect(store.path)


OUTSIDE = (
    "from read_text('/etc/passwd')",
    "from read_csv('/etc/passwd')",
    "from '/etc/passwd'",
    "from glob('/etc/*')",
    "copy samples to 'out.parquet'",
    "copy (select 1) to '/dev/stdout'",
    "export database 'out'",
    "attach 'other.duckdb'",
    "install httpfs",
    "load httpfs",
    "from read_parquet('https://example.com/x.parquet')",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "reset lock_configuration",
    "create persistent secret s (type http)",
    "delete from catalog.samples",
)
REFUSED = r"(?i)permission|disabled|locked|read-only|cannot|not allowed|does not exist"


@pytest.mark.parametrize("as_of", [None, 5])
def test_nothing_outside_the_catalog_can_be_reached_from_the_sandbox(grown, tmp_path, monkeypatch, as_of):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with read_model.connect(grown[0].path, as_of=as_of, sandbox=True) as catalog:
        for query in OUTSIDE:
            with pytest.raises(duckdb.Error, match=REFUSED):
                catalog.execute(query).fetchall()
            assert _count(catalog, "samples") == 2, query  # the connection goes on
    assert sorted(tmp_path.rglob("*")) == before


def test_a_large_query_may_still_spill_from_the_sandbox(grown):
    with read_model.connect(grown[0].path, sandbox=True) as catalog:
        assert (
            catalog.execute("select current_setting('temp_directory')").fetchall()[0][0].endswith("catalog.duckdb.tmp")
        )
        big = "select count(*) from (select distinct hash(i) || repeat('x', 100) from range(300000) t(i))"
        assert catalog.execute(big).fetchall() == [(300_000,)]
