"""A store against a plain list of commits: whatever is done to it, and wherever it is killed, both say the same.

A kill takes a copy of the disk as it is at that moment, uncommitted pages of the ledger included, and goes on with the
copy: nothing that the dying process would still have tidied up helps the next one.
"""

import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.default import DefaultDialect

from catalog import (
    BATCH,
    TABLES,
    DamagedSegment,
    Store,
    backup,
    chat,
    ledger,
    maintenance,
    place,
    prompt_id,
    read_model,
    releases,
    sample_id,
)
from catalog.read_model.tables import KEYS, REMOVABLE
from catalog.segments import name_of
from catalog.store import media_name

AT_ONCE = timedelta(0)
LOOKED_AT = ("clusters", "samples", "annotations", "takedowns", "media", "working", "release_rows")
KEPT_BY_THE_LEDGER = {"releases": ("release_id", "name"), "checkpoints": ("checkpoint_id",)}


class Killed(BaseException):
    """The process is gone."""


def row(table, **given):
    schema = BATCH if table == "working" else TABLES[table]
    return dict.fromkeys(schema.names) | given


def typed(table, rows):
    return pl.DataFrame(
        pl.from_arrow(pa.Table.from_pylist(rows, schema=BATCH if table == "working" else TABLES[table]))
    )


def told(rows):
    """Rows in any order, as comparable text; a moment is told in UTC whatever zone it came in."""
    return sorted(json.dumps(row, sort_keys=True, default=lambda at: at.astimezone(UTC).isoformat()) for row in rows)


MESSAGES = [chat(text, reply) for text in ("你好", "a\0b", "e\u0301 \u2028", "\u202eש 👩‍👧") for reply in (None, "好")]
IDS = st.sampled_from([sample_id(messages) for messages in MESSAGES])
STAGES = st.sampled_from(["one", "two"])  # the same fact, met by two stages
PICTURES = st.sampled_from([b"first", b"second", b"third"])
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def _content(messages):
    return {"sample_id": sample_id(messages), "prompt_id": prompt_id(messages), "messages": messages}


def _answer(who, annotator, label, origin):
    return {"annotation_id": f"{who}-{annotator}-{label}", "sample_id": who, "annotator": annotator} | {
        "label": label,
        "unsafe": label and label == "Unsafe",
        "task": "safety",
        "origin": origin,
    }


ROWS = {
    "clusters": st.builds(
        lambda who, of, by: row("clusters", sample_id=who, cluster_id=of, stage_id=by), IDS, IDS, STAGES
    ),
    "samples": st.builds(lambda m, by: row("samples", **_content(m), stage_id=by), st.sampled_from(MESSAGES), STAGES),
    "annotations": st.builds(
        lambda answer, by: row("annotations", **answer, stage_id=by),
        st.builds(
            _answer,
            IDS,
            st.sampled_from("ab"),
            st.sampled_from(["Unsafe", "Safe with warning", None]),
            st.sampled_from(releases.ORIGINS),
        ),
        STAGES,
    ),
    "takedowns": st.builds(
        lambda who, by: row("takedowns", sample_id=who, reason="asked", requested_at=WHEN, stage_id=by), IDS, STAGES
    ),
    "working": st.builds(
        lambda m, line: row("working", **_content(m), line=line), st.sampled_from(MESSAGES), st.integers(0, 2**63 - 1)
    ),
}
BATCHES = st.fixed_dictionaries({}, optional={name: st.lists(rows, max_size=3) for name, rows in ROWS.items()})


class StoreMachine(RuleBasedStateMachine):
    """Rules are what users, operators and bad luck do; `commits` is all that the store may remember of it."""

    def __init__(self, new_ledger=lambda: None):
        super().__init__()
        self.new_ledger = new_ledger
        self.root = Path(tempfile.mkdtemp(prefix="machine-"))
        self.commits = []  # (batch id, rows by table, entries by ledger table)
        self.backups = {}  # name: the commits it holds; in the order in which they were made
        self.clock = pytest.MonkeyPatch()
        seconds = count()  # a clock of its own: the same names of backups and order of releases in every run
        self.clock.setattr(ledger, "now", lambda: datetime(2026, 1, 1) + timedelta(seconds=next(seconds)))
        self.store = self._new_store()

    def _new_store(self):
        folder = self.root / f"store-{uuid4().hex[:8]}"
        if url := self.new_ledger():
            place.settle(folder, ledger=url)
        return Store(folder)

    def teardown(self):
        self.clock.undo()
        self.store.ledger.dispose()
        shutil.rmtree(self.root)

    # --- what the store must say ---

    def rows(self, table, seq=None):
        return [found for _, tables, _ in self.commits[:seq] for found in tables.get(table, [])]

    def kept(self, table, seq=None):
        """Rows of the ledger's own tables: of one key the last that was written."""
        found = {}
        for number, (_, _, entries) in enumerate(self.commits[:seq], 1):
            for new in entries.get(table, []):
                found[tuple(new[name] for name in KEPT_BY_THE_LEDGER[table])] = new | {
                    "created_at": new["created_at"].replace(tzinfo=UTC),
                    "added_seq": number,
                }
        return [found[key] for key in sorted(found)]

    def history(self, table, seq):
        """Rows of a table of the catalog: of one key the first, with the commits that brought it and took it down."""
        down = {}
        for number, (_, tables, _) in enumerate(self.commits[:seq], 1):
            for request in tables.get("takedowns", []):
                down.setdefault(request["sample_id"], number)
        found = {}
        for number, (_, tables, _) in enumerate(self.commits[:seq], 1):
            for new in tables.get(table, []):
                key = tuple(new[name] for name in KEYS[table]) if table in KEYS else len(found)
                removed = down.get(new["sample_id"]) if table in REMOVABLE else None
                found.setdefault(key, new | {"added_seq": number, "removed_seq": removed})
        return list(found.values())

    def files(self):
        with self.store.ledger.connect() as connection:
            listed = {name_of(table, digest) for _, table, digest, _ in connection.execute(ledger.segments.select())}
        return listed | {media_name(picture["media_id"]) for picture in self.rows("media")}

    # --- where things go wrong ---

    @contextmanager
    def at(self, moment, happens):
        """Call `happens(where)` at the given step of what is done inside: a rename, a removal, a step of the ledger."""
        steps = count()

        def step(where):
            if next(steps) == moment:
                happens(where)

        def around(function, name, ours=lambda *args: True):
            def call(*args, **kwargs):
                counts = ours(*args)
                if counts:
                    step(f"before {name}")
                result = function(*args, **kwargs)
                if counts:
                    step(f"after {name}")
                return result

            return call

        def in_the_store(path, *_):
            return str(path).startswith(str(self.root))

        with pytest.MonkeyPatch.context() as patch:
            for name in ("replace", "unlink"):
                patch.setattr(os, name, around(getattr(os, name), name, in_the_store))
            for name in ("writing", "add_commit", "put_entries"):
                patch.setattr(ledger, name, around(getattr(ledger, name), name))
            patch.setattr(DefaultDialect, "do_commit", around(DefaultDialect.do_commit, "COMMIT"))
            yield

    def kill(self, where):
        """Take the disk as it is, and die."""
        disk = Path(tempfile.mkdtemp(prefix="machine-"))
        shutil.copytree(self.root, disk, dirs_exist_ok=True, symlinks=True)
        self.disk = disk
        raise Killed(where)

    def survive(self):
        """Go on with the disk of the process that was killed."""
        self.store.ledger.dispose()
        shutil.rmtree(self.root)
        self.store.path, self.root = self.disk / self.store.path.name, self.disk
        self.store = Store(self.store.path)

    # --- rules ---

    def _batch(self, tables, pictures, release, checkpoint):
        """Rows and entries of a commit, its pictures and files of checkpoints put where they belong."""
        tables, entries = dict(tables), {}
        if pictures:
            tables["media"] = [
                row("media", media_id=self.store.put_media(data), size=len(data), stage_id="one") for data in pictures
            ]
        members = pl.DataFrame([*{found["sample_id"] for found in self.rows("samples")}], schema={"sample_id": str})
        members = members.with_columns(split=pl.lit("train"), cluster_id="sample_id")
        if release:
            try:
                made = releases.freeze(self.store, members, self.store.read("annotations"), name=release)
            except RuntimeError:
                pass  # nothing is labelled
            else:
                tables["release_rows"] = made["tables"]["release_rows"].with_columns(stage_id=pl.lit("one")).to_dicts()
                entries["releases"] = made["entries"]["releases"]
        if checkpoint:
            folder = self.store.path / "checkpoints" / checkpoint
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "weights").write_bytes(checkpoint.encode())
            entry = {"checkpoint_id": checkpoint, "kind": "verifier", "release_id": "r", "created_at": ledger.now()}
            entries["checkpoints"] = [entry | {"path": f"checkpoints/{checkpoint}"}]
        return tables, entries

    @rule(
        number=st.integers(0, 20),
        tables=BATCHES,
        pictures=st.lists(PICTURES, max_size=2),
        release=st.sampled_from([None, None, "a", "b"]),
        checkpoint=st.sampled_from([None, None, "k", "l"]),
        trouble=st.sampled_from([None, None, "kill", "collect"]),
        moment=st.integers(0, 24),
    )
    def commit(self, number, tables, pictures, release, checkpoint, trouble, moment):
        batch = f"batch-{number}", *self._batch(tables, pictures, release, checkpoint)
        frames = {table: typed(table, rows) for table, rows in batch[1].items()}
        new = batch[0] not in {known for known, *_ in self.commits}

        def collect(where):
            if where in ("before replace", "after replace", "before writing"):
                maintenance.collect(Store(self.store.path), older_than=AT_ONCE)

        try:
            with self.at(moment if trouble else None, self.kill if trouble == "kill" else collect):
                assert self.store.commit(batch[0], frames, entries=batch[2]) == new
        except Killed as killed:
            self.survive()
            new = str(killed) == "after COMMIT"
        except OSError:
            assert trouble == "collect"  # refused: a file went before the ledger had it
            new = False
        if new:
            self.commits.append(batch)

    @rule()
    def reopen(self):
        self.store.ledger.dispose()
        self.store = Store.existing(self.store.path)

    @rule(moment=st.none() | st.integers(0, 6))
    def collect(self, moment):
        try:
            with self.at(moment, self.kill):
                maintenance.collect(self.store, older_than=AT_ONCE)
        except Killed:
            self.survive()
            return
        assert maintenance.orphans(self.store, older_than=AT_ONCE) == []
        assert {
            entry.name for kind in ("segments", "media") for entry in self.store.files.entries(kind)
        } == self.files()

    @rule(moment=st.none() | st.integers(0, 20))
    def back_up(self, moment):
        try:
            with self.at(moment, self.kill):
                made = backup.backup(self.store, str(self.root / "backups"))["backup"]
        except Killed:
            self.survive()
            (made,) = set(backup.backups(str(self.root / "backups"))) - set(self.backups) or {None}
        if made:
            self.backups.setdefault(made, list(self.commits))
        assert backup.backups(str(self.root / "backups")) == list(self.backups)

    @precondition(lambda self: self.backups)
    @rule(which=st.none() | st.integers(0, 9), moment=st.none() | st.integers(0, 20))
    def restore(self, which, moment):
        names = list(self.backups)
        name = names[-1] if which is None else names[which % len(names)]
        old, self.store = self.store, self._new_store()
        old.ledger.dispose()
        shutil.rmtree(old.path)
        self.commits = list(self.backups[name])
        asked = None if which is None else name
        try:
            with self.at(moment, self.kill):
                backup.restore(str(self.root / "backups"), self.store.path, name=asked)
        except Killed:
            self.survive()
            if not self.store.head():
                backup.restore(str(self.root / "backups"), self.store.path, name=asked)
        for entry in self.kept("checkpoints"):
            assert (self.store.path / entry["path"] / "weights").read_bytes() == entry["checkpoint_id"].encode()

    @precondition(lambda self: any(tables for _, tables, _ in self.commits))
    @rule(
        which=st.integers(0, 99),
        harm=st.sampled_from(
            [lambda data: None, lambda data: data[:-1], lambda data: data[:-1] + bytes([data[-1] ^ 1])]
        ),
    )
    def damage(self, which, harm):
        listed = [(table, digest) for table in LOOKED_AT for _, digest in self.store.segment_list(table)]
        if not listed:
            return
        table, digest = listed[which % len(listed)]
        path = self.store.segment_file(table, digest)
        whole = path.read_bytes()
        path.unlink() if harm(whole) is None else path.write_bytes(harm(whole))
        for name in LOOKED_AT:
            if name == table:
                with pytest.raises(DamagedSegment, match=digest):
                    self.store.read(name)
            else:
                assert self.store.read(name).to_dicts() == self.rows(name)
        if table != "media":  # without it nobody knows which pictures there are
            assert {digest in problem for problem in maintenance.verify(self.store)} <= {True}
        path.write_bytes(whole)

    @rule(full=st.booleans(), moment=st.none() | st.integers(0, 5), earlier=st.integers(0, 99))
    def catalog(self, full, moment, earlier):
        try:
            with self.at(moment, self.kill):
                read_model.build(self.store, full=full)
        except Killed:
            self.survive()
            read_model.build(self.store)
        assert [account for account in read_model.verify(self.store) if account["problem"]] == []
        head = len(self.commits)
        shown = [name for name in LOOKED_AT if name != "working"]
        with read_model.connect(self.store.path) as now:
            for table in shown:
                history = self.history(table, head)
                assert told(_read(now, f"history.{table}")) == told(history)
                assert told(_read(now, table)) == told(found for found in history if not found["removed_seq"])
        seq = earlier % (head + 1)
        with read_model.connect(self.store.path, as_of=seq) as then:
            for table in shown:
                stood = [found for found in self.history(table, seq) if not found["removed_seq"]]
                assert told(_read(then, table)) == told(stood), table
            for table in KEPT_BY_THE_LEDGER:
                assert told(_read(then, table)) == told(self.kept(table, seq)), table

    # --- what always holds ---

    @invariant()
    def commits_are_numbered_without_a_gap(self):
        found = self.store.read("commits")
        assert found["seq"].to_list() == list(range(1, len(self.commits) + 1))
        assert found["batch_id"].to_list() == [batch for batch, *_ in self.commits]
        assert self.store.head() == len(self.commits)

    @invariant()
    def every_table_is_read_as_it_was_written(self):
        for table in LOOKED_AT:
            assert self.store.read(table).to_dicts() == self.rows(table), table
        for table in KEPT_BY_THE_LEDGER:
            assert self.store.read(table).to_dicts() == self.kept(table), table

    @invariant()
    def nothing_is_missing_and_releases_have_their_digest(self):
        assert maintenance.verify(self.store) == []


def _read(connection, table):
    return connection.execute(f"from {table}").to_arrow_table().to_pylist()


def test_a_store_remembers_its_commits_and_nothing_else_whatever_happens():
    run_state_machine_as_test(StoreMachine, settings=settings(max_examples=12, stateful_step_count=14))


def test_so_does_one_with_its_ledger_on_postgresql(postgres_url):
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")

    def new_ledger():
        name = f"machine_{uuid4().hex[:12]}"
        with admin.connect() as connection:
            connection.execute(text(f"create database {name}"))
        return make_url(postgres_url).set(database=name).render_as_string(hide_password=False)

    run_state_machine_as_test(
        lambda: StoreMachine(new_ledger), settings=settings(max_examples=3, stateful_step_count=10)
    )
    admin.dispose()
