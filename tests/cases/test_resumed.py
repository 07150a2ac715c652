"""A reading that stopped goes on with another number of workers: what was read stands, and no record is there twice."""

import json

import pytest

from catalog import Store, execute
from corpus import sources
from safeladder.pipeline import ingest, reading


@pytest.mark.slow
def test_another_number_of_workers_reads_only_what_is_left_and_then_nothing(describe, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "PIECE_FILES", 1)  # a file is a piece
    path = describe({"prompt": "q", "source_id": "id"})
    for n in range(4):
        lines = (json.dumps({"id": f"{n}-{i}", "q": f"第{n}-{i}个问题"}) + "\n" for i in range(10))
        (path.parent / f"{n}.jsonl").write_text("".join(lines))
    store = Store(tmp_path / "store")
    read, ticks = sources.read, []

    def work(workers):
        """What it said of pieces: how many of how many were there."""
        ticks.clear()
        stages = ingest.stages([str(path)], tmp_path, workers=workers)
        execute(store, name="r", recipe={}, stages=stages, tick=lambda done, total, unit: ticks.append((done, total)))
        return ticks

    def breaks(source, root, file, **options):
        if file == "2.jsonl":
            raise OSError("the disk is gone")
        yield from read(source, root, file, **options)

    monkeypatch.setattr(sources, "read", breaks)
    with pytest.raises(OSError, match="the disk is gone"):
        work(1)
    monkeypatch.setattr(sources, "read", read)
    assert ticks[-1] == (2, 4)
    assert work(3) == [(2, 4), (3, 4), (4, 4)]
    ids = store.read("occurrences")["source_id"]
    assert ids.n_unique() == ids.len() == 40
    assert work(4) == [] and store.read("occurrences").height == 40
    assert store.read("stages").select("rows_in", "rows_out", "rejected", "failed").rows() == [(40, 40, 0, 0)]
