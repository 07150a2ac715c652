"""The ledger on both databases: no commit is lost, nobody waits for ever, and an old one is brought up to date."""

import multiprocessing
import threading
from datetime import timedelta

import polars as pl
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from catalog import Accounting, Output, Stage, Store, execute, ledger, place
from catalog.locks import held, is_held
from catalog.migrations import config
from catalog.releases import find_release

BOTH = pytest.mark.parametrize(
    "ledger_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)


def clusters(*samples):
    return pl.DataFrame(
        {"sample_id": list(samples), "cluster_id": ["c"] * len(samples), "stage_id": ["s"] * len(samples)}
    )


def settled(folder, url):
    place.settle(folder, ledger=url)
    return Store(folder)


def _commit_thirty(path, worker):
    store = Store(path)
    for i in range(30):
        store.commit(f"{worker}-{i}", {"clusters": clusters(f"{worker}-{i}")})


@BOTH
@pytest.mark.slow
def test_four_processes_of_thirty_commits_each_lose_none_and_number_them_without_a_gap(tmp_path, ledger_url):
    store = settled(tmp_path / "store", ledger_url)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_commit_thirty, args=(store.path, w)) for w in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert store.read("commits")["seq"].to_list() == list(range(1, 121))
    assert set(store.read("clusters")["sample_id"]) == {f"{w}-{i}" for w in range(4) for i in range(30)}


@BOTH
def test_a_batch_stands_once_and_its_entries_know_the_commit(tmp_path, ledger_url):
    store = settled(tmp_path / "store", ledger_url)
    store.commit("first", {"clusters": clusters("x")})
    entry = {"release_id": "r" * 64, "name": "n", "rows": 1, "created_at": ledger.now()}
    assert store.commit("second", {"clusters": clusters("y")}, entries={"releases": [entry]})
    assert not store.commit("second", {"clusters": clusters("y")}, entries={"releases": [entry | {"rows": 2}]})
    assert store.commit("third", {}, entries={"releases": [entry]})  # the first stands
    assert find_release(store, "n") | {"created_at": None} == entry | {"created_at": None, "added_seq": 2}
    assert store.read("clusters")["sample_id"].to_list() == ["x", "y"]


@BOTH
def test_what_fails_in_the_middle_of_a_commit_leaves_nothing(tmp_path, ledger_url):
    store = settled(tmp_path / "store", ledger_url)
    lost = {"stage_id": "s" * 64, "rows_in": 3, "rows_out": 1, "rejected": 1, "failed": 0, "created": 0, "seconds": 1.0}
    with pytest.raises(sa.exc.IntegrityError, match="rows_add_up"):
        store.commit("b", {"clusters": clusters("x")}, entries={"stage_results": [lost]})
    assert not store.has("b") and store.head() == 0 and store.read("clusters").is_empty()


@BOTH
def test_a_transaction_that_reads_first_holds_the_lock_from_its_first_statement(tmp_path, ledger_url):
    """Two that read the same maximum and write the next number would otherwise lose one of them."""
    engine = ledger.open_ledger(ledger_url)
    reading, done = threading.Event(), threading.Event()

    def second():
        reading.wait(10)
        with ledger.writing(engine) as connection:
            ledger.add_commit(connection, "second")
        done.set()

    thread = threading.Thread(target=second)
    thread.start()
    with ledger.writing(engine) as connection:
        connection.execute(sa.select(sa.func.max(ledger.commits.c.seq))).scalar()
        reading.set()
        assert not done.wait(0.3)
        ledger.add_commit(connection, "first")
    thread.join(10)
    with engine.connect() as connection:
        found = connection.execute(sa.select(ledger.commits.c.batch_id).order_by(ledger.commits.c.seq)).scalars().all()
    assert found == ["first", "second"]


@BOTH
def test_a_lock_that_cannot_be_had_in_time_names_its_holder_and_writes_nothing(tmp_path, ledger_url):
    engine, other = ledger.open_ledger(ledger_url), ledger.open_ledger(ledger_url, lock_seconds=0.2)
    with ledger.writing(engine):
        with pytest.raises(ledger.LedgerBusy, match=r"safeladder process \d+ on"), ledger.writing(other):
            pass
        with other.connect() as connection:  # readers do not wait
            assert connection.execute(sa.select(sa.func.count()).select_from(ledger.commits)).scalar() == 0


@BOTH
def test_a_ledger_of_the_first_release_is_brought_up_to_date_with_its_rows(tmp_path, ledger_url):
    engine = sa.create_engine(ledger_url)
    with engine.begin() as connection:
        command.upgrade(config(connection), "0001")
        connection.execute(sa.text("drop table alembic_version"))  # the first release wrote no version down
        for seq, at in ((1, "2026-01-01 10:00:00"), (2, "2026-01-02 10:00:00")):
            connection.execute(sa.text(f"insert into commits values ({seq}, 'b{seq}', '{at}')"))
        connection.execute(sa.text(f"insert into releases values ('{'r' * 64}', 'old', 7, '2026-01-02 09:59:59')"))
    store = settled(tmp_path / "store", ledger_url)
    assert find_release(store, "old")["added_seq"] == 2
    store.commit("b3", {"clusters": clusters("x")})
    assert store.head() == 3
    with store.ledger.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, ledger.metadata) == []


@BOTH
def test_a_ledger_from_the_future_is_refused_with_what_to_do(ledger_url):
    engine = ledger.open_ledger(ledger_url)
    with ledger.writing(engine) as connection:
        connection.execute(sa.update(ledger.schema_version).values(version_num="9999"))
    with pytest.raises(RuntimeError, match=r"9999.*newer safeladder"):
        ledger.open_ledger(ledger_url)


def test_a_database_that_cannot_be_reached_is_named_without_its_password(tmp_path):
    with pytest.raises(RuntimeError, match="cannot open the ledger") as error:
        ledger.open_ledger(f"postgresql://someone:secret@/db?host={tmp_path}")
    assert "secret" not in str(error.value)


def test_another_kind_of_database_is_refused():
    with pytest.raises(ValueError, match="SQLite or PostgreSQL"):
        ledger.open_ledger("mysql://somewhere/db")


@pytest.mark.parametrize("ledger_url", [pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
def test_a_connection_that_is_cut_while_a_stage_works_costs_nothing(tmp_path, ledger_url):
    store = settled(tmp_path / "store", ledger_url)

    def work(context):
        with sa.create_engine(ledger_url).connect() as connection:
            others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
            connection.execute(sa.text(f"{others} and pid <> pg_backend_pid()"))
        return Output(Accounting(1, 1), {"clusters": clusters("x").drop("stage_id")})

    execute(store, name="r", recipe={}, stages=[Stage("a", work)])
    assert store.read("runs")["state"].to_list() == ["finished"] and store.read("clusters").height == 1


def test_two_folders_on_one_ledger_see_each_others_locks(tmp_path):
    url = f"sqlite:///{tmp_path / 'shared.sqlite'}"
    one, two = settled(tmp_path / "one", url), settled(tmp_path / "two", url)
    with held(one, "run-x"):
        assert is_held(two, "run-x")
    assert not is_held(two, "run-x")


@pytest.mark.parametrize("name", ["q?x", "p%41", "a b", "存储"])
def test_the_ledger_lies_in_its_folder_whatever_that_is_called(tmp_path, name):
    Store(tmp_path / name).commit("b", {"clusters": clusters("x")})
    assert (tmp_path / name / "ledger.sqlite").exists() and [p.name for p in tmp_path.iterdir()] == [name]


def test_commits_are_in_order_of_time_though_clocks_are_not(store, monkeypatch):
    late = ledger.now()
    for batch, at in (("a", late), ("b", late - timedelta(hours=1))):
        monkeypatch.setattr(ledger, "now", lambda at=at: at)
        store.commit(batch, {"clusters": clusters(batch)})
    assert store.read("commits")["committed_at"].n_unique() == 1
