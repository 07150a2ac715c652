"""Files give what columns give: with any number of workers, cut anywhere, killed anywhere, in one go or in two."""

import os
import signal
import subprocess
import sys
import time
from random import Random

import polars as pl
import pytest
from datatrove.executor import LocalPipelineExecutor
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus import ranks
from corpus.dedup import index, near_duplicates
from corpus.dedup.minhash import band_rows, scales
from corpus.dedup.stages import Signatures, deduplicate

VOCABULARY = {
    "en": ["gate", "lock", "river", "paper", "lamp", "seven", "boat", "north"],
    "zh": list("门锁河纸灯七船北"),
}


def documents(count, *, seed=0, groups=(None,)):
    """English and Chinese texts, a third of which are edited copies of an earlier one."""
    rng = Random(seed)
    texts = []
    for _ in range(count):
        language = rng.choice(["en", "zh"])
        if texts and rng.random() < 0.35:
            language, tokens = rng.choice(texts)
            tokens = [rng.choice(VOCABULARY[language]) if rng.random() < 0.03 else token for token in tokens]
        else:
            tokens = rng.choices(VOCABULARY[language], k=rng.randint(0, 60))
        texts.append((language, tokens))
    return pl.DataFrame(
        {
            "id": [f"{seed}-{i}" for i in range(count)],
            "text": [("" if language == "zh" else " ").join(tokens) for language, tokens in texts],
            "rank": rng.sample(range(count), count),
            "group": [rng.choice(groups) for _ in range(count)],
        },
        schema_overrides={"group": pl.String, "text": pl.String},
    )


def in_files(folder, frame, *counts):
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for at, start in enumerate(range(0, max(frame.height, 1), max(counts[0], 1))):
        paths.append(folder / f"{at}.parquet")
        frame[start : start + counts[0]].write_parquet(paths[-1])
    return paths


def columns(frame):
    found = near_duplicates(frame["text"], frame["id"], frame["rank"], group=frame["group"])
    return found.cast({"row": pl.Int64})


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 150), st.integers(1, 70), st.integers(1, 40), st.integers(0, 5))
def test_files_give_what_columns_give(tmp_path_factory, count, in_file, piece, seed):
    folder = tmp_path_factory.mktemp("files")
    frame = documents(count, seed=seed, groups=("a", "b", None))
    inputs = in_files(folder / "in", frame, in_file)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ranks, "PIECE_ROWS", piece)
        done = deduplicate(inputs, folder / "out")
    expected = columns(frame)
    assert done.gone.equals(expected)
    assert (done.rows_in, done.rows_out, done.rejected) == (count, count - expected.height, expected.height)
    kept = pl.concat([frame.clear(), *map(pl.read_parquet, done.kept)])
    assert kept.equals(frame.filter(~pl.int_range(pl.len()).is_in(expected["row"].implode())))


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_change_nothing(tmp_path, monkeypatch, workers):
    monkeypatch.setattr(ranks, "PIECE_ROWS", 40)
    frame = documents(200)
    inputs = in_files(tmp_path / "in", frame, 100)
    ticks = []
    done = deduplicate(
        inputs, tmp_path / "out", workers=workers, tick=lambda ready, total: ticks.append((ready, total))
    )
    assert done.gone.equals(columns(frame)) and done.gone.height > 20
    assert ticks[-1][0] == ticks[-1][1] and ticks == sorted(ticks)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sets(st.integers(0, 60), max_size=25), min_size=1, max_size=3))
def test_what_a_kill_leaves_is_gone_on_from(tmp_path_factory, kills):
    folder = tmp_path_factory.mktemp("kills")
    frame = documents(120)
    inputs = in_files(folder / "in", frame, 50)
    done = deduplicate(inputs, folder / "out")
    for lost in kills:  # a kill leaves any files unwritten, and halves
        for n, path in enumerate(sorted((folder / "out").rglob("*.parquet"))):
            if n in lost:
                path.rename(path.with_name(f".{path.name}.9999999"))
        again = deduplicate(inputs, folder / "out")
        assert again.gone.equals(done.gone) and again[:3] == done[:3]
    assert not list((folder / "out").rglob(".*"))


KILLED = """
import sys
from pathlib import Path
from corpus import ranks
from corpus.dedup.stages import deduplicate

if __name__ == "__main__":
    ranks.PIECE_ROWS = 50
    folder = Path(sys.argv[1])
    deduplicate(sorted((folder / "in").glob("*.parquet")), folder / "out", workers=2)
    (folder / "done").touch()
"""


@pytest.mark.slow
def test_killed_for_good_at_any_moment(tmp_path, monkeypatch):
    frame = documents(1500, seed=3)
    inputs = in_files(tmp_path / "in", frame, 400)
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    rng, kills = Random(5), 0
    while not (tmp_path / "done").exists():
        child = subprocess.Popen(
            [sys.executable, str(script), str(tmp_path)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,
        )
        try:
            child.wait(timeout=rng.uniform(2, 6) if kills < 5 else None)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            kills += 1
    monkeypatch.setattr(ranks, "PIECE_ROWS", 50)
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.parquet")}
    done = deduplicate(inputs, tmp_path / "out")
    assert done.gone.equals(columns(frame))
    assert {path: path.stat().st_mtime_ns for path in written} == written  # all of it was used again
    time.sleep(0)


def test_new_documents_meet_those_that_an_index_has(tmp_path):
    old, new = documents(150, seed=1, groups=("a", "b")), documents(150, seed=2, groups=("a", "b"))
    mixed = pl.concat([new, old.sample(40, seed=3).with_columns(id="again-" + pl.col("id"))])
    mixed = mixed.with_columns(rank=pl.int_range(pl.len()))
    kept = old.filter(~pl.int_range(pl.len()).is_in(columns(old)["row"].implode()))
    folder = index.write(tmp_path / "index", kept[:70])
    index.write(folder, kept[50:])  # in two parts, some of it again
    done = deduplicate(in_files(tmp_path / "in", mixed, 80), tmp_path / "out", index=folder)
    together = pl.concat([kept.with_columns(rank=pl.int_range(pl.len()) - 10_000), mixed])
    expected = columns(together).with_columns(pl.col("row") - kept.height).filter(pl.col("row") >= 0)
    assert done.gone.select("row", "matched_id", "similarity").equals(expected)
    assert set(done.gone["matched_id"]) & set(kept["id"]) and done.rejected >= 40


def test_documents_without_a_group_meet_each_other_in_an_index_and_out_of_it(tmp_path):
    plain = documents(30).drop("group")
    folder = index.write(tmp_path / "index", plain.drop("rank"))
    new = plain.with_columns(id="new-" + pl.col("id"))
    done = deduplicate(in_files(tmp_path / "in", new, 30), tmp_path / "out", index=folder)
    silent = plain.filter(pl.col("text") == "").height
    assert done.rejected == 30 - silent and set(done.gone["matched_id"]) <= set(plain["id"])


def test_an_index_for_another_question_is_refused(tmp_path):
    folder = index.write(tmp_path / "index", documents(5), threshold=0.7)
    with pytest.raises(ValueError, match=r"0\.7"):
        deduplicate(in_files(tmp_path / "in", documents(5), 5), tmp_path / "out", index=folder)
    with pytest.raises(ValueError, match="no index"):
        deduplicate(in_files(tmp_path / "in", documents(5), 5), tmp_path / "out", index=tmp_path / "none")


def test_no_document_is_no_error(tmp_path):
    done = deduplicate(in_files(tmp_path / "in", documents(0), 5), tmp_path / "out")
    assert done[:3] == (0, 0, 0) and deduplicate([], tmp_path / "out")[:3] == (0, 0, 0)


def test_a_stage_runs_on_an_executor_of_datatrove(tmp_path, capfd):
    (path,) = in_files(tmp_path / "in", documents(60), 60)
    work = [ranks.Piece(path, 0, 30), ranks.Piece(path, 30, 30)]
    out = [tmp_path / f"{n}.parquet" for n in (0, 1)]
    step = Signatures(work, out, scales(0.8), band_rows(0.8))
    LocalPipelineExecutor([step], tasks=2, logging_dir=str(tmp_path / "logs")).run()
    assert sum(pl.read_parquet(name.with_suffix(".documents.parquet")).height for name in out) == 60
