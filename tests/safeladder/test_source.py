"""`safeladder source`: a set of one's own, from its description to the catalog."""

import json
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_set_of_ones_own_is_checked_and_ingested_from_its_yaml(tmp_path, safeladder):
    shutil.copytree(ROOT / "examples/my_source", tmp_path / "mine")
    store = tmp_path / "store"

    def call(*words, **options):
        return safeladder(*words, cwd=tmp_path, store=store, **options)

    checked = call("source", "check", "mine/my_source.yaml", "--json").stdout.splitlines()
    assert {row["file"]: row["rows"] for row in map(json.loads, checked)} == {
        "questions/en.csv": 3,
        "questions/zh.csv": 1,
    }
    assert not store.exists()
    done = call("source", "ingest", "mine/my_source.yaml", "--json")
    assert json.loads(done.stdout) == {
        "stage": "ingest:my_source",
        "rows_in": 7,
        "rows_out": 4,
        "rejected": 3,
        "failed": 0,
    }
    asked = call("sql", "select source_id from occurrences where source_id like '00%' order by 1", "--json").stdout
    assert [json.loads(line)["source_id"] for line in asked.splitlines()] == ["0001", "0002", "0003"]


def test_a_file_without_a_single_row_ends_with_exit_code_1(tmp_path, safeladder):
    shutil.copytree(ROOT / "examples/my_source", tmp_path / "mine")
    (tmp_path / "mine/replies.json").write_text("{}")
    done = safeladder("source", "check", "mine/my_source.yaml", cwd=tmp_path, store=tmp_path / "s", check=False)
    assert done.returncode == 1
    assert "questions/en.csv: gives no row" in done.stderr
    assert "bicycle" not in done.stdout + done.stderr
