"""Filters on datatrove's executor: every row comes out once, with any number of workers, or the run says why not."""

import os
import signal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ids import chat, prompt_id, sample_id
from catalog.schema import BATCH
from corpus.filters import length, pii, repeated_lines
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
    return pl.DataFrame(made, schema=dict(pl.DataFrame(BATCH.empty_table()).schema))


def write(folder, *counts):
    paths = [folder / f"in-{i}.parquet" for i in range(len(counts))]
    for path, count in zip(paths, counts, strict=True):
        rows(count, file=path.stem).write_parquet(path)
    return paths


def read(folder):
    return pl.concat([pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))])


def die(text):
    os.kill(os.getpid(), signal.SIGKILL)


def stumble(text):
    raise ValueError("this filter cannot read the row")


def test_every_row_comes_out_once_with_its_place_and_first_reason(tmp_path):
    counted = run_filters(write(tmp_path, 35, 10), tmp_path / "out", REASONS)
    kept, rejected = read(tmp_path / "out" / "kept"), read(tmp_path / "out" / "rejected")
    # of 35: 0, 5, ... 30 are short (7), 7, 14, 21, 28 hold a number (4); of 10: 0, 5 are short, 7 holds a number
    assert counted == (45, 31, 14)
    assert kept.columns == BATCH.names and rejected.columns == list(REJECTED)
    assert dict(rejected["reason"].value_counts().iter_rows()) == {"too_short": 9, "pii_phone": 5}
    places = pl.concat([kept.select("file", "line"), rejected.select("file", "line")]).rows()
    assert sorted(places) == sorted([("in-0", i + 1) for i in range(35)] + [("in-1", i + 1) for i in range(10)])


def test_the_number_of_workers_changes_nothing(tmp_path):
    inputs = write(tmp_path, 12, 0, 9)
    one = run_filters(inputs, tmp_path / "one", REASONS, workers=1)
    two = run_filters(inputs, tmp_path / "two", REASONS, workers=2)
    assert one == two and one.rows_in == 21
    for part in ("kept", "rejected"):
        names = [[path.name for path in sorted((tmp_path / run / part).iterdir())] for run in ("one", "two")]
        assert names[0] == names[1]
        assert read(tmp_path / "one" / part).equals(read(tmp_path / "two" / part))


def test_a_run_forgets_what_an_earlier_one_left(tmp_path):
    run_filters(write(tmp_path, 20, 20), tmp_path / "out", REASONS)
    assert run_filters(write(tmp_path, 5), tmp_path / "out", REASONS).rows_in == 5
    assert read(tmp_path / "out" / "kept").height + read(tmp_path / "out" / "rejected").height == 5


def test_nothing_to_filter_is_no_error(tmp_path):
    assert run_filters([], tmp_path / "out", REASONS) == (0, 0, 0)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_filter_that_fails_fails_the_run(tmp_path, workers):
    with pytest.raises(ValueError, match="cannot read the row"):
        run_filters(write(tmp_path, 3, 3), tmp_path / "out", [OnColumn("reply", stumble)], workers=workers)


def test_a_worker_that_is_killed_is_an_error_not_a_wait_and_not_a_loss(tmp_path):
    with pytest.raises(RuntimeError, match="a worker died"):
        run_filters(write(tmp_path, 3, 3), tmp_path / "out", [OnColumn("reply", die)], workers=2)


def test_nothing_is_written_in_halves(tmp_path):
    def batches():
        yield rows(3)
        raise OSError("the disk is full")

    with pytest.raises(OSError):
        list(WriteBatches(tmp_path / "kept").run(batches()))
    assert not list(tmp_path.rglob("*.parquet"))


def test_each_rank_takes_its_own_files(tmp_path):
    inputs = write(tmp_path, 2, 3, 4)
    sizes = [[batch.height for batch in ReadBatches(inputs).run(rank=rank, world_size=2)] for rank in (0, 1)]
    assert sizes == [[2, 4], [3]]


@given(st.lists(st.text(max_size=20), max_size=30))
def test_no_row_is_lost_or_doubled(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("rejected")
    batch = pl.DataFrame(
        {"sample_id": [str(i) for i in range(len(texts))], "reply": texts, "whole": texts},
        schema=dict.fromkeys(["sample_id", "reply", "whole"], pl.String),
    ).with_columns(source=pl.lit("s"), file=pl.lit("f"), line=pl.lit(1))
    kept = pl.concat(list(Filter(REASONS, folder).run(iter([batch]))))
    assert sorted(kept["sample_id"].to_list() + read(folder)["sample_id"].to_list()) == sorted(
        batch["sample_id"].to_list()
    )
