"""Filters piece by piece: every row comes out once, however often the work is killed and whoever does it."""

import os
import shutil
import signal
import subprocess
import sys
import time

import polars as pl
import pytest
from datatrove.executor import LocalPipelineExecutor
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.ids import chat, prompt_id, sample_id
from catalog.schema import BATCH
from corpus import pieces, ranks, steps
from corpus.filters import length, pii, repeated_lines
from corpus.ranks import Piece
from corpus.steps import REJECTED, Filter, OnColumn, ReadBatches, WriteBatches, run_filters

REASONS = [
    length(pl.col("reply"), min_chars=3),
    repeated_lines(pl.col("reply")),
    OnColumn("whole", pii),
]


def rows(count, *, file="f"):
    """Every fifth reply is too short, every seventh holds a telephone number."""
    made = []
    for i in range(count):
        reply = "锁" if i % 5 == 0 else "电话13800138000请拨打" if i % 7 == 0 else f"第{i}个回答说明怎么换锁"
        messages = chat(f"{file} {i}", reply)
        ids = {"sample_id": sample_id(messages), "prompt_id": prompt_id(messages)}
        made.append(
            dict.fromkeys(BATCH.names) | ids | {"messages": messages, "source": "s", "file": file, "line": i + 1}
        )
    return pl.DataFrame(made, schema=pl.Schema(BATCH))


def write(folder, *counts):
    folder.mkdir(exist_ok=True)
    paths = [folder / f"in-{i}.parquet" for i in range(len(counts))]
    for path, count in zip(paths, counts, strict=True):
        rows(count, file=path.stem).write_parquet(path)
    return paths


def read(paths):
    return pl.concat([pl.read_parquet(path) for path in paths])


def same(one, other):
    return read(one.kept).equals(read(other.kept)) and read(one.judged_out).equals(read(other.judged_out))


def die(text):
    os.kill(os.getpid(), signal.SIGKILL)


def stumble(text):
    raise ValueError("this filter cannot read the row")


def stumble_on(text, word):
    if text.str.contains(word).any():
        raise ValueError(f"cannot read {text.to_list()}")
    return pl.Series([None] * len(text), dtype=pl.String)


def notes(text, path):
    """Keeps every row, and notes which it was asked about."""
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(f"{value}\n" for value in text)
    return pl.Series([None] * len(text), dtype=pl.String)


def test_every_row_comes_out_once_with_its_place_and_first_reason(tmp_path):
    done = run_filters(write(tmp_path, 35, 10), tmp_path / "out", REASONS)
    kept, rejected = read(done.kept), read(done.judged_out)
    # of 35: 0, 5, ... 30 are short (7), 7, 14, 21, 28 hold a number (4); of 10: 0, 5 are short, 7 holds a number
    assert done[:4] == (45, 31, 14, 0)
    assert kept.columns == BATCH.names and rejected.columns == list(REJECTED)
    assert dict(rejected["reason"].value_counts().iter_rows()) == {"too_short": 9, "pii_phone": 5}
    places = pl.concat([kept.select("file", "line"), rejected.select("file", "line")]).rows()
    assert sorted(places) == sorted([("in-0", i + 1) for i in range(35)] + [("in-1", i + 1) for i in range(10)])


def test_the_number_of_workers_changes_nothing(tmp_path):
    inputs = write(tmp_path, 12, 0, 9, 1)
    one, two, four = (run_filters(inputs, tmp_path / str(n), REASONS, workers=n) for n in (1, 2, 4))
    assert one[:4] == two[:4] == four[:4] and one.rows_in == 22
    assert [path.name for path in one.kept] == [path.name for path in two.kept] == [path.name for path in four.kept]
    assert same(one, two) and same(one, four)


def test_what_belongs_to_other_work_is_removed(tmp_path):
    run_filters(write(tmp_path, 20, 20), tmp_path / "out", REASONS)
    done = run_filters(write(tmp_path, 5), tmp_path / "out", REASONS)
    assert done.rows_in == 5 == read(done.kept).height + read(done.judged_out).height
    assert len(list((tmp_path / "out" / "kept").iterdir())) == 1


def test_nothing_to_filter_is_no_error(tmp_path):
    assert run_filters([], tmp_path / "out", REASONS)[:4] == (0, 0, 0, 0)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_filter_that_fails_on_everything_fails_the_run_and_shows_no_text(tmp_path, workers):
    with pytest.raises(RuntimeError, match="with ValueError") as raised:
        run_filters(write(tmp_path, 3, 3), tmp_path / "out", [OnColumn("reply", stumble)], workers=workers)
    assert "锁" not in str(raised.value)
    assert not list((tmp_path / "out").rglob("*.parquet"))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_row_that_no_filter_can_read_is_failed_and_the_others_are_judged(tmp_path, workers):
    reasons = [*REASONS, OnColumn("reply", stumble_on, {"word": "第13个"})]
    done = run_filters(write(tmp_path, 35, 10), tmp_path / "out", reasons, workers=workers)
    assert done[:4] == (45, 30, 14, 1)
    (bad,) = read(done.judged_out).filter(pl.col("reason") == "failed").iter_rows(named=True)
    assert (bad["file"], bad["line"], bad["detail"]) == ("in-0", 14, "ValueError")


def test_a_full_disk_is_no_matter_of_rows(tmp_path):
    def full(part):
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        pieces.isolate(rows(3), full)


@given(st.integers(1, 200), st.data())
def test_exactly_the_rows_that_fail_are_set_apart(count, data):
    most = max(1, count // 10)
    bad = data.draw(st.sets(st.integers(0, count - 1), max_size=most))

    def work(part):
        if bad & set(part["n"]):
            raise KeyError("secret")
        return part

    done, failed = pieces.isolate(pl.DataFrame({"n": range(count)}, schema={"n": pl.Int64}), work)
    assert [n for part in done for n in part["n"]] == [n for n in range(count) if n not in bad]
    assert failed["n"].to_list() == sorted(bad) and set(failed["detail"]) <= {"KeyError"}


def test_a_worker_that_is_killed_is_an_error_not_a_wait_and_not_a_loss(tmp_path):
    with pytest.raises(RuntimeError, match="a worker died"):
        run_filters(write(tmp_path, 3, 3), tmp_path / "out", [OnColumn("reply", die)], workers=2)


def test_a_restart_with_another_number_of_workers_does_only_what_is_left(tmp_path):
    inputs = write(tmp_path / "in", 10, 10, 10, 10)
    out, seen = tmp_path / "out", tmp_path / "seen"
    first = run_filters(inputs, out, [OnColumn("whole", notes, {"path": str(seen)})], workers=4)
    assert read(first.kept).height == 40
    # as a kill leaves it: files 0 and 2 are done, of file 1 there is a half, of file 3 nothing
    for n in (1, 3):
        first.kept[n].unlink()
    first.judged_out[3].unlink()
    (out / "kept" / f".{first.kept[1].name}.9999999").write_bytes(b"half a file")
    before = [path.stat().st_mtime_ns for path in (first.kept[0], first.kept[2])]
    seen.unlink()
    again = run_filters(inputs, out, [OnColumn("whole", notes, {"path": str(seen)})], workers=3)
    asked = seen.read_text()
    assert "in-1 0" in asked and "in-3 9" in asked and "in-0" not in asked and "in-2" not in asked
    assert before == [path.stat().st_mtime_ns for path in (again.kept[0], again.kept[2])]
    assert read(again.kept).select("file", "line").rows() == [(f"in-{f}", i + 1) for f in range(4) for i in range(10)]
    assert not list(out.rglob(".*"))
    seen.unlink()
    assert run_filters(inputs, out, [OnColumn("whole", notes, {"path": str(seen)})], workers=1) == again
    assert not seen.exists()


def test_other_reasons_or_other_rows_meet_no_old_piece(tmp_path):
    inputs = write(tmp_path, 10)
    names = {run_filters(inputs, tmp_path / "out", reasons).kept[0].name for reasons in (REASONS, REASONS[:1])}
    options = [OnColumn("whole", stumble_on, {"word": word}) for word in ("x", "y")]
    names |= {run_filters(inputs, tmp_path / "out", [reason]).kept[0].name for reason in options}
    names |= {run_filters(write(tmp_path, 11), tmp_path / "out", REASONS).kept[0].name}
    assert len(names) == 5


def test_a_large_file_is_cut_so_that_a_kill_costs_one_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(ranks, "PIECE_ROWS", 8)
    monkeypatch.setattr(steps, "BATCH_ROWS", 3)
    (path,) = write(tmp_path, 30)
    whole = run_filters([path], tmp_path / "out", REASONS)
    assert len(whole.kept) == 4 and whole.rows_in == 30
    lines = read(whole.kept)["line"].to_list()
    assert lines == sorted(lines)


@given(
    counts=st.lists(st.integers(0, 25), max_size=4),
    cut=st.integers(1, 12),
    kills=st.lists(st.sets(st.integers(0, 30), max_size=10), max_size=3),
)
@settings(max_examples=25)
def test_any_cut_and_any_kills_give_the_same_rows(tmp_path_factory, counts, cut, kills):
    folder = tmp_path_factory.mktemp("any")
    inputs = write(folder, *counts)
    undisturbed = run_filters(inputs, folder / "whole", REASONS)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ranks, "PIECE_ROWS", cut)
        done = run_filters(inputs, folder / "out", REASONS)
        for lost in kills:  # a kill leaves any pieces undone, kept or rejected alone, and halves
            for n, path in enumerate(sorted((folder / "out").rglob("*.parquet"))):
                if n in lost:
                    path.rename(path.with_name(f".{path.name}.9999999"))
            # the rejected are always there before the kept
            for path in done.judged_out:
                if not path.exists():
                    (folder / "out" / "kept" / path.name).unlink(missing_ok=True)
            done = run_filters(inputs, folder / "out", REASONS)
    assert done[:4] == undisturbed[:4]
    assert not counts or not undisturbed.kept or same(done, undisturbed)
    shutil.rmtree(folder)


def test_nothing_is_written_in_halves(tmp_path):
    def batches():
        yield rows(3)
        raise OSError("the disk is full")

    with pytest.raises(OSError):
        list(WriteBatches([tmp_path / "kept" / "0.parquet"]).run(batches()))
    assert not list(tmp_path.rglob("*.parquet"))


def test_the_same_steps_run_on_an_executor_of_datatrove(tmp_path, capfd):
    inputs = write(tmp_path, 12, 9)
    ours = run_filters(inputs, tmp_path / "out", REASONS)
    cut = [Piece(inputs[0], 0, 12), Piece(inputs[1], 0, 9)]
    kept, rejected = ([tmp_path / part / f"{n}.parquet" for n in (0, 1)] for part in ("kept", "rejected"))
    LocalPipelineExecutor(
        [ReadBatches(cut), Filter(REASONS, rejected), WriteBatches(kept)], tasks=2, logging_dir=str(tmp_path / "logs")
    ).run()
    assert read(kept).equals(read(ours.kept)) and read(rejected).equals(read(ours.judged_out))


def test_a_file_written_before_a_column_existed_is_read_with_nulls(tmp_path):
    rows(4).drop("subcategory").write_parquet(tmp_path / "old.parquet")
    done = run_filters([tmp_path / "old.parquet"], tmp_path / "out", REASONS)
    assert read(done.kept)["subcategory"].is_null().all()


@given(st.lists(st.text(max_size=20), max_size=30))
def test_no_row_is_lost_or_doubled(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("rejected") / "0.parquet"
    batch = pl.DataFrame(
        {"sample_id": [str(i) for i in range(len(texts))], "reply": texts, "whole": texts},
        schema=dict.fromkeys(["sample_id", "reply", "whole"], pl.String),
    ).with_columns(source=pl.lit("s"), file=pl.lit("f"), line=pl.lit(1, pl.Int64))
    kept = pl.concat(list(Filter(REASONS, [path]).run(iter([batch]))))
    assert sorted(kept["sample_id"].to_list() + pl.read_parquet(path)["sample_id"].to_list()) == sorted(
        batch["sample_id"].to_list()
    )


def in_session(session):
    """Processes of a session that are alive, by /proc."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                    fields = file.read().rpartition(")")[2].split(" ")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[4]) == session and fields[1] != "Z":
                found.append(int(entry))
    return found


SLEEPER = """
import sys, time
from pathlib import Path
from corpus.workers import each

def job(n):
    Path(sys.argv[1]).joinpath(str(n)).touch()
    time.sleep(60)

if __name__ == "__main__":
    list(each(job, range(4), workers=2))
"""


def test_no_worker_outlives_a_parent_that_was_killed(tmp_path):
    script = tmp_path / "sleeper.py"
    script.write_text(SLEEPER)
    parent = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        until = time.monotonic() + 60
        while len(list(tmp_path.glob("[0-9]"))) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        assert len(in_session(parent.pid)) >= 3
    finally:
        parent.kill()
        parent.wait()
    until = time.monotonic() + 20
    while in_session(parent.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert in_session(parent.pid) == []
