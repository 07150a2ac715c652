"""What a store promises, as plain lists; rows to fill it with; and a way to stop it at any step."""

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import strategies as st
from sqlalchemy.engine.default import DefaultDialect

from catalog import BATCH, TABLES, chat, ledger, prompt_id, releases, sample_id
from catalog.read_model.tables import KEYS, REMOVABLE

LEDGER_KEYS = {"releases": ("release_id", "name"), "checkpoints": ("checkpoint_id",)}


class Model:
    """The commits of a store, each with rows by table and entries by ledger table, and all that follows from them."""

    def __init__(self, commits=()):
        self.commits = list(commits)  # (batch id, rows, entries)

    def rows(self, table, seq=None):
        """Rows of a table in the order in which they came."""
        return [row for _, tables, _ in self.commits[:seq] for row in tables.get(table, [])]

    def entries(self, table, seq=None):
        """Rows of a table of the ledger's own: of one key the first."""
        found = {}
        for number, (_, _, entries) in enumerate(self.commits[:seq], 1):
            for entry in entries.get(table, []):
                key = tuple(entry[name] for name in LEDGER_KEYS[table])
                at = entry["created_at"].replace(tzinfo=UTC)
                found.setdefault(key, entry | {"created_at": at, "added_seq": number})
        return [found[key] for key in sorted(found)]

    def history(self, table, seq=None):
        """Rows of a table of the catalog: of one key the first, with the commits that brought it and took it down."""
        down, found = {}, {}
        for number, (_, tables, _) in enumerate(self.commits[:seq], 1):
            for request in tables.get("takedowns", []):
                down.setdefault(request["sample_id"], number)
        for number, (_, tables, _) in enumerate(self.commits[:seq], 1):
            for row in tables.get(table, []):
                key = tuple(row[name] for name in KEYS[table]) if table in KEYS else len(found)
                removed = down.get(row["sample_id"]) if table in REMOVABLE else None
                found.setdefault(key, row | {"added_seq": number, "removed_seq": removed})
        return list(found.values())


def schema(table):
    return BATCH if table == "working" else TABLES[table]


def typed(table, rows):
    return pl.DataFrame(pl.from_arrow(pa.Table.from_pylist(rows, schema=schema(table))))


def row(table, **given):
    return dict.fromkeys(schema(table).names) | given


MESSAGES = st.sampled_from(
    [chat(asked, reply) for asked in ("你好", "a\0b", "e\u0301 \u2028", "\u202eש 👩‍👧") for reply in (None, "好")]
)
IDS = MESSAGES.map(sample_id)
STAGES = st.sampled_from(["one", "two"])  # the same fact, met by two stages
LABELS = st.sampled_from(["Unsafe", "Safe with warning", None])
REQUESTED = datetime(2026, 1, 1, tzinfo=UTC)


def _content(messages):
    return {"sample_id": sample_id(messages), "prompt_id": prompt_id(messages), "messages": messages}


def _answer(who, annotator, label, origin, stage):
    answer = {"annotation_id": f"{who}-{annotator}-{label}", "sample_id": who, "annotator": annotator, "origin": origin}
    return row("annotations", **answer, task="safety", label=label, unsafe=label and label == "Unsafe", stage_id=stage)


ROWS = {
    "clusters": st.builds(
        lambda who, of, s: row("clusters", sample_id=who, cluster_id=of, stage_id=s), IDS, IDS, STAGES
    ),
    "samples": st.builds(lambda messages, s: row("samples", **_content(messages), stage_id=s), MESSAGES, STAGES),
    "annotations": st.builds(_answer, IDS, st.sampled_from("ab"), LABELS, st.sampled_from(releases.ORIGINS), STAGES),
    "takedowns": st.builds(
        lambda who, s: row("takedowns", sample_id=who, reason="asked", requested_at=REQUESTED, stage_id=s), IDS, STAGES
    ),
    "working": st.builds(
        lambda messages, line: row("working", **_content(messages), line=line), MESSAGES, st.integers(0, 2**63 - 1)
    ),
}
ROWS_OF_A_COMMIT = st.fixed_dictionaries({}, optional={name: st.lists(rows, max_size=3) for name, rows in ROWS.items()})


@contextmanager
def at_step(number, root, happens):
    """Call `happens(where)` before step `number` of what is done inside.

    Steps are the renames and removals below `root`, and what a writer does with the ledger; each counts twice, as
    "before ..." and as "after ...".
    """
    steps = count()

    def around(name, function, counts=lambda *args: True):
        def call(*args, **kwargs):
            ours = counts(*args)
            if ours and next(steps) == number:
                happens(f"before {name}")
            result = function(*args, **kwargs)
            if ours and next(steps) == number:
                happens(f"after {name}")
            return result

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("replace", "unlink"):
            patch.setattr(
                os, name, around(name, getattr(os, name), lambda path, *_, **__: str(path).startswith(str(root)))
            )
        for name in ("writing", "add_commit", "put_entries"):
            patch.setattr(ledger, name, around(name, getattr(ledger, name)))
        patch.setattr(DefaultDialect, "do_commit", around("COMMIT", DefaultDialect.do_commit))
        yield
