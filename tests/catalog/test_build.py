"""Building the catalog: refreshes, takedowns, damage, several builders and readers at once."""

import hashlib
import io
import multiprocessing
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from catalog import TABLES, DamagedSegment, Store, ledger, read_model
from catalog.releases import resolve_labels
from catalog.schema import SEGMENT_TABLES


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


TABLES_OF_A_COMMIT = ("samples", "annotations", "verdicts", "rejections", "takedowns")


def _verdict(sample_id, checkpoint_id, label):
    row = {"sample_id": sample_id, "checkpoint_id": checkpoint_id, "label": label, "stage_id": "s"}
    return row | {"p_unsafe": 0.5, "probs": [0.5], "category": None, "abstained": False, "truncated": False}


def _rejection(sample_id, reason):
    row = {"sample_id": sample_id, "stage": "filter", "reason": reason, "detail": None, "matched_id": None}
    return row | {"similarity": None, "source": "one", "file": "f", "line": 1, "stage_id": "s"}


def _takedown(sample_id):
    return {
        "sample_id": sample_id,
        "reason": "asked",
        "requested_at": datetime(2026, 1, 1, tzinfo=UTC),
        "stage_id": "s",
    }


def _typed(table, rows):
    return pl.DataFrame(pl.from_arrow(pa.Table.from_pylist(rows, schema=TABLES[table])))


def _everything(store):
    """Every row of every table, taken down or not, and of the view that depends on the order of rows."""
    with read_model.connect(store.path) as catalog:
        names = [f"history.{name}" for name in SEGMENT_TABLES] + ["labels", "segments", "releases", "commits"]
        return {name: sorted(catalog.execute(f"from {name}").fetchall(), key=repr) for name in names}


IDS = st.integers(0, 3).map(lambda i: f"{i}" * 64)
ANSWER = st.sampled_from(["Unsafe", "Safe with warning", None])
LABEL = st.sampled_from([("Unsafe", True), ("Safe with warning", False), (None, True), (None, False), (None, None)])
CATEGORY = st.sampled_from(["fraud", "cyber", None])
ORIGIN = st.sampled_from(["review", "human", "machine"])
COMMITS = st.lists(
    st.fixed_dictionaries(
        {
            "samples": st.lists(IDS, max_size=4),
            "annotations": st.lists(
                st.tuples(IDS, LABEL, st.sampled_from(["review", "human", "machine"]), st.sampled_from("ab"), CATEGORY),
                max_size=5,
            ),
            "verdicts": st.lists(st.tuples(IDS, st.sampled_from("vw"), ANSWER), max_size=4),
            "rejections": st.lists(st.tuples(IDS | st.none(), st.sampled_from(["too_short", "language"])), max_size=3),
            "takedowns": st.lists(IDS, max_size=1),
            "refresh": st.booleans(),
        }
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.slow
@settings(max_examples=8)
@given(commits=COMMITS)
def test_any_number_of_refreshes_gives_the_rows_of_one_full_build(commits):
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "s")
        for number, commit in enumerate(commits):
            messages = [{"role": "user", "content": [{"type": "text", "text": str(number), "media_id": None}]}]
            annotations = [
                {"annotation_id": f"{number}-{at}", "sample_id": who, "task": "safety", "label": label}
                | {"unsafe": unsafe, "category": category, "subcategory": None, "origin": origin, "annotator": name}
                | {"stage_id": "s"}
                for at, (who, (label, unsafe), origin, name, category) in enumerate(commit["annotations"])
            ]
            rows = {
                "samples": [
                    {"sample_id": i, "prompt_id": i, "messages": messages, "stage_id": f"s{number}"}
                    for i in commit["samples"]
                ],
                "annotations": annotations,
                "verdicts": [_verdict(*verdict) for verdict in commit["verdicts"]],
                "rejections": [_rejection(*rejection) for rejection in commit["rejections"]],
                "takedowns": [_takedown(sample_id) for sample_id in commit["takedowns"]],
            }
            store.commit(f"b{number}", {table: _typed(table, rows[table]) for table in TABLES_OF_A_COMMIT})
            if commit["refresh"]:
                read_model.build(store)
        read_model.build(store)
        refreshed = _everything(store)
        read_model.build(store, full=True)
        assert refreshed == _everything(store)

        gone = store.read("takedowns")["sample_id"]
        given_ = store.read("annotations").filter(~pl.col("sample_id").is_in(gone.implode()))
        chosen, conflicts = resolve_labels(given_)
        with read_model.connect(store.path) as catalog:
            labels = catalog.execute(
                "select sample_id, task, label, unsafe, category, origin from labels where not conflict"
            )
            assert sorted(labels.fetchall(), key=repr) == sorted(chosen.rows(), key=repr)
            tied = catalog.execute("select sample_id, task, len(answers) from labels where conflict")
            assert sorted(tied.fetchall()) == sorted(conflicts.rows())
            assert not catalog.execute("from samples where sample_id in (select sample_id from takedowns)").fetchall()


def test_a_refresh_appends_only_what_is_new_and_a_second_one_changes_nothing(built, sample, frame):
    store, _ = built
    with read_model.connect(store.path) as catalog:
        before = catalog.execute("from segments order by all").fetchall()
    row = sample("new", "one")
    store.commit("c", {"samples": frame([row | {"stage_id": "s"}])})
    file = read_model.build(store)
    with read_model.connect(store.path) as catalog:
        after = catalog.execute("from segments order by all").fetchall()
        added = catalog.execute("select added_seq from samples where sample_id = ?", [row["sample_id"]]).fetchall()
    assert [line[:2] for line in after if line not in before] == [("samples", 2)] and added == [(2,)]
    stood = file.stat().st_ino
    assert read_model.build(store).stat().st_ino == stood
    assert read_model.build(store, full=True).stat().st_ino != stood


def test_the_oldest_row_of_a_key_stands(store, frame):
    for number, label in enumerate(("Unsafe", "Safe with warning"), 1):
        store.commit(f"b{number}", {"verdicts": _typed("verdicts", [_verdict("a", "v", label)] * 2)})
    read_model.build(store)
    with read_model.connect(store.path) as catalog:
        assert catalog.execute("select label, added_seq, removed_seq from verdicts").fetchall() == [("Unsafe", 1, None)]
        held = catalog.execute("select seq, rows, kept from segments order by seq").fetchall()
    assert held == [(1, 2, 1), (2, 2, 0)]


def test_columns_that_a_table_gained_later_are_null_in_older_segments(store, annotation, frame):
    rows = _typed("annotations", [annotation("a", "Unsafe")])
    store.commit("b", {"annotations": rows})
    ((seq, digest),) = store.segment_list("annotations")
    data = _parquet(rows.drop("subcategory"))
    renamed = hashlib.sha256(data).hexdigest()
    store.segment_file("annotations", digest).with_name(f"{renamed}.parquet").write_bytes(data)
    with ledger.writing(store.ledger) as connection:
        connection.execute(update(ledger.segments).values(digest=renamed))
    read_model.build(store)
    with read_model.connect(store.path) as catalog:
        assert catalog.execute("select label, subcategory, added_seq from annotations").fetchall() == [
            ("Unsafe", None, seq)
        ]


def _parquet(rows):
    buffer = io.BytesIO()
    pq.write_table(rows.to_arrow(), buffer)
    return buffer.getvalue()


def test_a_takedown_removes_a_row_everywhere_and_history_keeps_it(built, frame):
    store, ids = built
    store.commit("v", {"verdicts": _typed("verdicts", [_verdict(ids[0], "v", "Unsafe")])})
    read_model.build(store)
    store.commit("down", {"takedowns": _typed("takedowns", [_takedown(ids[0])])})
    store.commit("late", {"verdicts": _typed("verdicts", [_verdict(ids[0], "w", "Unsafe")])})
    read_model.build(store)
    with read_model.connect(store.path) as catalog:
        for table in ("samples", "occurrences", "annotations", "verdicts", "rows", "labels"):
            assert not catalog.execute(f"from {table} where sample_id = ?", [ids[0]]).fetchall(), table
        seqs = "select checkpoint_id, added_seq, removed_seq from history.verdicts order by 1"
        assert catalog.execute(seqs).fetchall() == [("v", 2, 3), ("w", 4, 3)]
        (removal,) = catalog.execute("select sample_id, reason, removed_seq, releases from removals").fetchall()
    assert removal == (ids[0], "asked", 3, None)
    assert all(table["problem"] is None for table in read_model.verify(store))


def test_a_segment_that_the_ledger_no_longer_lists_is_named(built):
    store, _ = built
    ((_, digest),) = store.segment_list("annotations")
    with ledger.writing(store.ledger) as connection:
        connection.execute(delete(ledger.segments).where(ledger.segments.c.digest == digest))
    with pytest.raises(DamagedSegment, match=f"{digest} of annotations.*--full"):
        read_model.build(store)
    assert any("does not list" in (table["problem"] or "") for table in read_model.verify(store))
    read_model.build(store, full=True)
    with read_model.connect(store.path) as catalog:
        assert catalog.execute("select count(*) from annotations").fetchall() == [(0,)]


def test_a_file_that_is_no_catalog_of_ours_is_made_anew(built):
    store, _ = built
    for leftover in (b"not a database", b""):
        (store.path / read_model.FILE).write_bytes(leftover)
        (store.path / f".{read_model.FILE}.new.wal").write_bytes(b"left by a kill")
        read_model.build(store)
        with read_model.connect(store.path) as catalog:
            assert catalog.execute("select count(*) from samples").fetchall() == [(2,)]


def _read_all(path, stop, answers):
    while not stop.is_set():
        time.sleep(0.03)  # three readers and a builder share two cores
        with read_model.connect(path) as catalog:
            counts = """select (select count(*) from samples), (select max(seq) from commits),
                (select count(*) from rejections)"""
            answers.append(catalog.execute(counts).fetchall()[0])


@pytest.mark.slow
def test_thirty_publishes_under_three_readers_never_show_half_a_commit(built, sample, frame):
    store, _ = built
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        stop, answers = manager.Event(), manager.list()
        readers = [context.Process(target=_read_all, args=(store.path, stop, answers)) for _ in range(3)]
        for reader in readers:
            reader.start()
        deadline = time.monotonic() + 60
        while not answers and time.monotonic() < deadline:
            time.sleep(0.01)
        for number in range(30):
            row = sample(f"ask {number}", "reply") | {"stage_id": "s"}
            rejected = _typed("rejections", [_rejection(row["sample_id"], "language")])
            store.commit(f"p{number}", {"samples": frame([row]), "rejections": rejected})
            read_model.build(store)
        stop.set()
        for reader in readers:
            reader.join()
        assert [reader.exitcode for reader in readers] == [0, 0, 0]
        assert all((samples, rejected) == (seq + 1, seq - 1) for samples, seq, rejected in answers)


def test_two_builders_at_once_leave_one_whole_catalog(built, sample, frame):
    store, _ = built
    context = multiprocessing.get_context("spawn")
    for number in range(3):
        store.commit(f"t{number}", {"samples": frame([sample(f"at once {number}") | {"stage_id": "s"}])})
    builders = [context.Process(target=_build_thrice, args=(store.path,)) for _ in range(2)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert [builder.exitcode for builder in builders] == [0, 0]
    with read_model.connect(store.path) as catalog:
        assert catalog.execute("select count(*) from samples").fetchall() == [(5,)]
    assert sorted(path.name for path in store.path.glob("*catalog*")) == [".catalog.duckdb.lock", "catalog.duckdb"]


def _build_thrice(path):
    for _ in range(3):
        read_model.build(Store(path), full=True)


def test_a_store_may_lie_in_a_folder_whose_name_reads_like_a_pattern(tmp_path, sample, frame):
    store = Store(tmp_path / "it's [1]*")
    store.commit("b", {"samples": frame([sample("ask") | {"stage_id": "s"}])})
    read_model.build(store)
    with read_model.connect(store.path) as catalog:
        assert catalog.execute("select count(*) from samples").fetchall() == [(1,)]


def test_verify_accounts_for_every_row_of_every_segment(built, sample, frame):
    store, _ = built
    whole = {table["table"]: table for table in read_model.verify(store)}
    assert whole["occurrences"] == {"table": "occurrences", "segments": 1, "rows": 2, "copies": 1} | {
        "current": 1,
        "removed": 0,
        "problem": None,
    }
    store.commit("late", {"samples": frame([sample("late") | {"stage_id": "s"}])})
    (behind,) = [table for table in read_model.verify(store) if table["problem"]]
    assert behind["table"] == "samples" and "newer than the catalog" in behind["problem"]
    read_model.build(store)
    with duckdb.connect(str(store.path / read_model.FILE)) as catalog:
        catalog.execute("delete from annotations")
    (short,) = [table for table in read_model.verify(store) if table["problem"]]
    assert short["table"] == "annotations" and "missing or doubled" in short["problem"]
