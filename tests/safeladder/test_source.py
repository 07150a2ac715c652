"""`safeladder source`: a set of one's own, from its description to the catalog."""

import json
import re
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


def test_what_is_not_there_is_said_at_once_and_no_store_is_made(tmp_path, safeladder):
    def refused(*words):
        done = safeladder("source", "ingest", *words, cwd=tmp_path, store=tmp_path / "new", check=False)
        assert done.returncode == 2 and not (tmp_path / "new").exists()
        return done.stderr

    assert "no source 'nope'." in refused("nope")
    (tmp_path / "root").mkdir()
    absent = refused("advbench", "seed", "jade-zh", "--data", tmp_path / "root")
    assert "source advbench: expected its files" in absent and "source jade-zh: expected its files" in absent
    assert refused("advbench", "jade-zh", "--data", tmp_path / "no").count("does not exist (--data or") == 1


def test_a_release_as_jsonl_is_a_source_again_by_the_description_in_the_docs(tmp_path, safeladder):
    (tmp_path / "r.yaml").write_text(
        "name: x\nsources: [seed, seed-images, seed-value]\nsynth: null\nverifier: null\nrelease: {name: demo}\n"
    )
    before, after = tmp_path / "store", tmp_path / "again"

    def call(*words, store):
        return safeladder(*words, cwd=tmp_path, store=store).stdout

    call("run", "r.yaml", store=before)
    call("shards", "pull", "demo", "--to", "out/demo-jsonl", "--format", "jsonl", store=before)
    page = (ROOT / "docs/training-teams.md").read_text(encoding="utf-8")
    path, text = re.search(r"^cat > (\S+) <<'END'\n(.*?)^END$", page, re.M | re.S).groups()
    (tmp_path / path).write_text(text, encoding="utf-8")
    done = json.loads(call("source", "ingest", path, "--json", store=after))
    assert done["rejected"] == done["failed"] == 0 and done["rows_out"] > 0
    ask = "select sample_id, task, unsafe, case when task <> 'safety' then label end from {} order by all"
    released = call("sql", ask.format("release_rows"), "--json", store=before)
    assert released == call("sql", ask.format("annotations"), "--json", store=after)
    pictures = "select media_id from media order by 1"
    assert call("sql", pictures, store=before) == call("sql", pictures, store=after)
