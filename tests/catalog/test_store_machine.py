"""A store against a plain list of commits: whatever is done to it, and wherever it is killed, both say the same.

A kill takes the disk as it is at that moment, with pages of the ledger that were never committed, and goes on with
the copy: nothing that the dying process would still have tidied up helps the next one.
"""

import json
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from catalog import DamagedSegment, Store, backup, chat, ledger, maintenance, place, read_model, releases
from catalog.segments import name_of
from catalog.store import media_name
from tests.catalog.store_model import LEDGER_KEYS, ROWS_OF_A_COMMIT, Model, at_step, row, typed

AT_ONCE = timedelta(0)
SHOWN = ("clusters", "samples", "annotations", "takedowns", "media", "release_rows")
READ = (*SHOWN, "working")
STEP = st.integers(0, 20)
CONTENT = {
    "number": st.integers(0, 20),
    "rows": ROWS_OF_A_COMMIT,
    "pictures": st.lists(st.sampled_from([b"first", b"second", b"third"]), max_size=2),
    "release": st.sampled_from([None, "a", "b"]),
    "checkpoint": st.sampled_from([None, "k", "l"]),
}


class Killed(BaseException):
    """The process is gone."""


class StoreMachine(RuleBasedStateMachine):
    """Rules are what users, operators and bad luck do; `model` is all that the store may remember of it."""

    def __init__(self, new_ledger=lambda: None):
        super().__init__()
        self.clock = pytest.MonkeyPatch()
        seconds = count()
        self.clock.setattr(ledger, "now", lambda: datetime(2026, 1, 1) + timedelta(seconds=next(seconds)))
        self.new_ledger = new_ledger
        self.root = Path(tempfile.mkdtemp(prefix="machine-"))
        self.store = self._new_store()
        self.model = Model()
        self.backups = {}  # name: the commits in it; in the order in which they were made

    def teardown(self):
        self.clock.undo()
        self.store.ledger.dispose()
        shutil.rmtree(self.root)

    def _new_store(self):
        folder = self.root / f"store-{uuid4().hex[:8]}"
        if url := self.new_ledger():
            place.settle(folder, ledger=url)
        return Store(folder)

    @property
    def backup_place(self):
        return str(self.root / "backups")

    def _survives(self, step, work):
        """Whether `work` came to its end; else the process was killed, and the next one has the disk as it was then."""
        disk = Path(tempfile.mkdtemp(prefix="machine-"))

        def kill(where):
            shutil.copytree(self.root, disk, dirs_exist_ok=True)
            raise Killed(where)

        try:
            with at_step(step, self.root, kill):
                work()
        except Killed as killed:
            self.killed = str(killed)
            self.store.ledger.dispose()
            shutil.rmtree(self.root)
            self.root, self.store = disk, Store(disk / self.store.path.name)
            return False
        disk.rmdir()
        return True

    # --- commits ---

    def _batch(self, number, rows, pictures, release, checkpoint):
        """Batch id, rows and entries, with files of pictures and checkpoints put where they belong."""
        rows, entries = dict(rows), {}
        if pictures:
            names = {self.store.put_media(data): len(data) for data in pictures}
            rows["media"] = [row("media", media_id=name, size=size, stage_id="one") for name, size in names.items()]
        if release:
            who = sorted({sample["sample_id"] for sample in self.model.rows("samples")})
            members = pl.DataFrame({"sample_id": who, "split": ["train"] * len(who), "cluster_id": who})
            members = members.cast(pl.String)
            try:
                made = releases.freeze(self.store, members, self.store.read("annotations"), name=release)
            except RuntimeError:
                pass  # nothing is labelled
            else:
                rows["release_rows"] = made["tables"]["release_rows"].with_columns(stage_id=pl.lit("one")).to_dicts()
                entries |= made["entries"]
        if checkpoint:
            folder = self.store.path / "checkpoints" / checkpoint
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "weights").write_text(checkpoint)
            entry = {"checkpoint_id": checkpoint, "kind": "verifier", "release_id": "r", "created_at": ledger.now()}
            entries["checkpoints"] = [entry | {"path": f"checkpoints/{checkpoint}"}]
        return f"batch-{number}", rows, entries

    def _commit(self, batch):
        return self.store.commit(
            batch[0], {table: typed(table, rows) for table, rows in batch[1].items()}, entries=batch[2]
        )

    def _stands(self, batch):
        return batch[0] in {known for known, *_ in self.model.commits}

    @rule(**CONTENT)
    def commit(self, **content):
        batch = self._batch(**content)
        stood = self._stands(batch)
        assert self._commit(batch) is not stood
        if not stood:
            self.model.commits.append(batch)

    @rule(step=STEP, again=st.booleans(), **CONTENT)
    def commit_and_be_killed(self, step, again, **content):
        batch = self._batch(**content)
        stood = self._stands(batch)
        ended = self._survives(step, lambda: self._commit(batch))
        if not stood and (ended or self.killed == "after COMMIT"):
            self.model.commits.append(batch)
        elif again:
            self._batch(**content)
            assert self._commit(batch) is not stood
            self.model.commits += [] if stood else [batch]

    @rule(step=st.integers(0, 8), **CONTENT)
    def commit_beside_a_collector(self, step, **content):
        """Files that it has written go before the ledger has them: it is refused, and can be done again."""
        batch = self._batch(**content)
        stood = self._stands(batch)

        def collect(where):
            if where.endswith(("replace", "before writing")):  # afterwards it would wait for the write lock
                maintenance.collect(Store(self.store.path), older_than=AT_ONCE)

        try:
            with at_step(step, self.root, collect):
                assert self._commit(batch) is not stood
        except OSError:
            self._batch(**content)  # its pictures may have gone as well
            assert not self.store.has(batch[0]) and self._commit(batch)
        if not stood:
            self.model.commits.append(batch)

    # --- operation ---

    @rule()
    def reopen(self):
        self.store.ledger.dispose()
        self.store = Store.existing(self.store.path)

    @rule(step=st.none() | STEP)
    def collect(self, step):
        if self._survives(step, lambda: maintenance.collect(self.store, older_than=AT_ONCE)):
            assert maintenance.orphans(self.store, older_than=AT_ONCE) == []
            found = {entry.name for kind in ("segments", "media") for entry in self.store.files.entries(kind)}
            listed = {name_of(table, digest) for table in READ for _, digest in self.store.segment_list(table)}
            assert found == listed | {media_name(picture["media_id"]) for picture in self.model.rows("media")}

    @rule(step=st.none() | STEP)
    def back_up(self, step):
        self._survives(step, lambda: backup.backup(self.store, self.backup_place))
        new = set(backup.backups(self.backup_place)) - set(self.backups)
        assert len(new) <= 1 and (step is not None or new)
        self.backups |= {name: list(self.model.commits) for name in new}
        assert backup.backups(self.backup_place) == list(self.backups)

    @rule(which=st.integers(0, 3), step=st.none() | st.integers(0, 9))
    def restore(self, which, step):
        """From the backup made now or an earlier one; after a kill once more, unless the ledger is full: it is last."""
        if which == 0 or not self.backups:
            which = -1
            self.back_up(None)
        name = list(self.backups)[which % len(self.backups)]
        old, self.store = self.store, self._new_store()
        old.ledger.dispose()
        shutil.rmtree(old.path)
        self.model = Model(self.backups[name])
        restored = self._survives(step, lambda: backup.restore(self.backup_place, self.store.path, name=name))
        if not restored and not self.store.head():
            backup.restore(self.backup_place, self.store.path, name=name)
        for entry in self.model.entries("checkpoints"):
            (weights,) = (self.store.path / entry["path"]).iterdir()
            assert weights.name == "weights" and weights.read_text() == entry["checkpoint_id"]

    @rule(which=st.integers(0, 99), harm=st.sampled_from(["missing", "cut", "changed"]), again=st.booleans())
    def damage(self, which, harm, again):
        """It is named and never read; the file put back, or the same rows committed once more, mend it."""
        listed = [(table, seq, digest) for table in READ for seq, digest in self.store.segment_list(table)]
        if not listed:
            return
        table, seq, digest = listed[which % len(listed)]
        path = self.store.segment_file(table, digest)
        whole = path.read_bytes()
        if harm == "missing":
            path.unlink()
        else:
            path.write_bytes(whole[:-1] + (bytes([whole[-1] ^ 1]) if harm == "changed" else b""))
        for name in READ:
            if name == table:
                with pytest.raises(DamagedSegment, match=digest):
                    self.store.read(name)
            else:
                assert self.store.read(name).to_dicts() == self.model.rows(name)
        problems = maintenance.verify(self.store)
        assert problems and all(digest in problem for problem in problems)
        if again:
            batch = f"again-{len(self.model.commits)}", {table: self.model.commits[seq - 1][1][table]}, {}
            assert self._commit(batch)
            self.model.commits.append(batch)
        else:
            path.write_bytes(whole)

    @precondition(lambda self: self.model.entries("checkpoints"))
    @rule()
    def lose_a_checkpoint(self):
        folder = self.store.path / self.model.entries("checkpoints")[0]["path"]
        folder.rename(self.root / "elsewhere")
        shared = place.read(self.store.path).ledger is not None  # then it may well be on another host
        assert maintenance.verify(self.store) == [f"{folder} is listed in the ledger but missing"] * (not shared)
        with pytest.raises(DamagedSegment, match=folder.name):
            backup.backup(self.store, self.backup_place)
        (self.root / "elsewhere").rename(folder)

    @rule(full=st.booleans(), step=st.none() | STEP, earlier=st.integers(0, 99))
    def build_the_catalog(self, full, step, earlier):
        if not self._survives(step, lambda: read_model.build(self.store, full=full)):
            read_model.build(self.store)
        assert [account for account in read_model.verify(self.store) if account["problem"]] == []
        with read_model.connect(self.store.path) as now:
            for table in SHOWN:
                history = self.model.history(table)
                assert _shown(now, f"history.{table}") == _told(history), table
                assert _shown(now, table) == _told(found for found in history if not found["removed_seq"]), table
        seq = earlier % (len(self.model.commits) + 1)
        with read_model.connect(self.store.path, as_of=seq) as then:
            for table in SHOWN:
                stood = [found for found in self.model.history(table, seq) if not found["removed_seq"]]
                assert _shown(then, table) == _told(stood), table
            for table in LEDGER_KEYS:
                assert _shown(then, table) == _told(self.model.entries(table, seq)), table

    @invariant()
    def all_of_it_is_there(self):
        """Commits without a gap, every table as it was written, no file missing, every release with its digest."""
        found = self.store.read("commits").select("seq", "batch_id").rows()
        assert found == [(number, batch) for number, (batch, *_) in enumerate(self.model.commits, 1)]
        for table in READ:
            assert self.store.read(table).to_dicts() == self.model.rows(table), table
        for table in LEDGER_KEYS:
            assert self.store.read(table).to_dicts() == self.model.entries(table), table
        assert maintenance.verify(self.store) == []


def _shown(connection, table):
    return _told(connection.sql(f"from {table}").to_arrow_table().to_pylist())


def _told(rows):
    """Rows in any order, as comparable text; a moment in UTC whatever zone it came in."""
    return sorted(json.dumps(row, sort_keys=True, default=lambda at: at.astimezone(UTC).isoformat()) for row in rows)


def _content(number):
    """A commit of everything, with rows of its own."""
    (asked,) = typed("samples", [row("samples", messages=chat(f"问 {number}"), sample_id=f"{number}")]).to_dicts()
    answer = {"annotation_id": f"{number}", "sample_id": f"{number}", "origin": "human", "task": "value", "label": "好"}
    rows = {"samples": [asked], "annotations": [row("annotations", **answer)]}
    return {"number": number, "rows": rows, "pictures": [b"%d" % number], "release": "r", "checkpoint": "k"}


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("commit_and_be_killed", {"again": True}),
        ("collect", {}),
        ("back_up", {}),
        ("restore", {"which": 0}),
        ("build_the_catalog", {"full": False, "earlier": 1}),
    ],
)
def test_a_kill_at_each_step_in_turn_loses_and_doubles_nothing(name, more):
    machine = StoreMachine()
    machine.commit(**_content(1000))
    for step in range(60):
        machine.killed = None
        if name in ("back_up", "build_the_catalog"):  # which else would find nothing to do
            machine.commit(number=step, rows=_content(step)["rows"], pictures=[], release=None, checkpoint=None)
        machine.store.put_media(b"left behind")
        getattr(machine, name)(step=step, **more, **_content(step) if name == "commit_and_be_killed" else {})
        machine.all_of_it_is_there()
        if machine.killed is None:
            break
    machine.teardown()
    assert 3 < step < 59  # in many places, and it came to its end after all of them


def test_a_store_remembers_its_commits_and_nothing_else_whatever_happens():
    run_state_machine_as_test(StoreMachine, settings=settings(max_examples=6, stateful_step_count=14))


@pytest.mark.slow
def test_so_does_one_with_its_ledger_on_postgresql(postgres_url):
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")

    def new_ledger():
        name = f"machine_{uuid4().hex[:12]}"
        with admin.connect() as connection:
            connection.execute(text(f"create database {name}"))
        return make_url(postgres_url).set(database=name).render_as_string(hide_password=False)

    run_state_machine_as_test(
        lambda: StoreMachine(new_ledger), settings=settings(max_examples=2, stateful_step_count=10)
    )
    admin.dispose()
