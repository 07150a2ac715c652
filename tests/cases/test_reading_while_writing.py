"""One process writes, another counts, a third exports an old release: none disturbs another, none sees a half."""

import os
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from catalog import Store, chat, prompt_id, read_model, releases, sample_id, shards

ROOT = Path(__file__).resolve().parents[2]
OLD, SEGMENTS, EACH = 120, 20, 10

WRITER = """
import sys
import polars as pl
from catalog import Store, read_model

store = Store(sys.argv[1])
rows = pl.read_parquet(sys.argv[2])
for i in range(int(sys.argv[3])):
    part = rows.slice(i * int(sys.argv[4]), int(sys.argv[4]))
    store.commit(f"segment {i}", {"samples": part.select("sample_id", "prompt_id", "messages", "stage_id"),
                                  "occurrences": part.drop("prompt_id", "messages")})
    read_model.build(store)
"""

READER = """
import sys
from pathlib import Path
from catalog import read_model

stop, last = Path(sys.argv[2]), False
while True:
    last = stop.exists()
    with read_model.connect(Path(sys.argv[1])) as connection:
        print(*connection.execute(
            "select count(*), (select count(*) from occurrences), count(distinct added_seq) from samples"
        ).fetchone(), flush=True)
    if last:
        break
"""


def rows(prefix, count):
    made = []
    for i in range(count):
        messages = chat(f"{prefix} 第{i}个问题", "好")
        ids = {"sample_id": sample_id(messages), "prompt_id": prompt_id(messages), "messages": messages}
        place = {"source": "free", "file": prefix, "line": i + 1, "stage_id": "s"}
        made.append(ids | place | dict.fromkeys(["source_id", "source_label", "source_group"], None))
    nothing = {name: pl.String for name in ("source_id", "source_label", "source_group")}
    return pl.DataFrame(made, schema_overrides=nothing)


@pytest.fixture
def released(tmp_path):
    """A store with a release of 120 rows, and a file with the 200 rows to come."""
    store = Store(tmp_path / "store")
    old = rows("old", OLD)
    about = {"source": "free", "title": "t", "home": "h", "license": "MIT", "tier": "open", "citation": "c"}
    source = pl.DataFrame([about | {"digest": "d", "records": OLD, "stage_id": "s"}])
    members = old.select("sample_id", split=pl.lit("train"), cluster_id="prompt_id")
    labels = old.select(
        annotation_id="sample_id",
        sample_id="sample_id",
        task=pl.lit("safety"),
        label=pl.lit("Safe without risk"),
        unsafe=pl.lit(False),
        category=pl.lit(None, pl.String),
        origin=pl.lit("human"),
        annotator=pl.lit("a"),
    )
    frozen = releases.freeze(store, members, labels, name="old")
    store.commit(
        "old",
        {
            "samples": old.select("sample_id", "prompt_id", "messages", "stage_id"),
            "occurrences": old.drop("prompt_id", "messages"),
            "sources": source,
            "release_rows": frozen["tables"]["release_rows"].with_columns(stage_id=pl.lit("s")),
        },
        entries=frozen["entries"],
    )
    read_model.build(store)
    rows("new", SEGMENTS * EACH).write_parquet(tmp_path / "new.parquet")
    return store


@pytest.fixture
def begin():
    """Start a script in a process of its own; whatever still runs at the end is killed."""
    running = []

    def start(script, *words):
        process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, words)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(store, commits):
    """Wait until so many commits stand."""
    end = time.monotonic() + 120
    while store.head() < commits and time.monotonic() < end:
        time.sleep(0.01)
    assert store.head() >= commits


def count(store):
    with read_model.connect(store.path) as connection:
        return connection.execute("select count(*) from samples").fetchone()[0]


@pytest.mark.slow
def test_counts_only_grow_by_whole_segments_and_an_old_release_stays_the_same(released, begin, tmp_path):
    before = shards.export(released, "old", tmp_path / "before", format="jsonl")
    assert before["rows"] == OLD
    stop = tmp_path / "stop"
    reader = begin(READER, released.path, stop)
    assert reader.stdout.readline().split()[0] == str(OLD)
    writer = begin(WRITER, released.path, tmp_path / "new.parquet", SEGMENTS, EACH)
    until(released, 3)
    during = shards.export(released, "old", tmp_path / "during", format="jsonl")
    assert during == before and shards.check(tmp_path / "during")["rows"] == OLD
    _, said = writer.communicate(timeout=120)
    assert writer.returncode == 0, said
    stop.touch()
    out, said = reader.communicate(timeout=60)
    assert reader.returncode == 0, said
    seen = [tuple(map(int, line.split())) for line in out.splitlines()]
    assert seen[-1] == (OLD + SEGMENTS * EACH, OLD + SEGMENTS * EACH, SEGMENTS + 1)
    assert seen == sorted(seen) and len(set(seen)) > 2
    assert all(samples == met == OLD + (segments - 1) * EACH for samples, met, segments in seen)


@pytest.mark.slow
def test_a_writer_that_is_killed_leaves_whole_segments_and_goes_on(released, begin, tmp_path):
    writer = begin(WRITER, released.path, tmp_path / "new.parquet", SEGMENTS, EACH)
    until(released, 1 + SEGMENTS // 2)
    writer.kill()
    writer.communicate()
    read_model.build(released)
    left = count(released)
    assert (left - OLD) % EACH == 0 and left > OLD
    again = begin(WRITER, released.path, tmp_path / "new.parquet", SEGMENTS, EACH)
    _, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    assert count(released) == OLD + SEGMENTS * EACH
    assert released.read("commits")["seq"].to_list() == list(range(1, SEGMENTS + 2))
