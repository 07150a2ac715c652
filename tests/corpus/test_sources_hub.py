"""Sets of the Hub, read from a local copy through `datasets`; without one and without internet, a clear way out."""

import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus import sources
from corpus.readers import ReadError
from tests.corpus.toy import describe, everything, picture, texts

ROW = {"prompt": "q", "response": "a", "source_id": "id", "images": ["image?"]}


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)


def english(root, *rows):
    pq.write_table(pa.Table.from_pylist(rows), root / "toy/en.parquet")


@pytest.fixture
def root(tmp_path):
    """A copy of a set as a download leaves it: a card that names two configurations, Parquet files, pictures inside."""
    (tmp_path / "toy/zh").mkdir(parents=True)
    rows = [{"id": f"{n:04}", "q": f"锁{n}？", "a": "门锁。", "image": None} for n in range(3)]
    rows[1]["image"] = {"bytes": picture(), "path": "1.png"}
    features = {name: {"dtype": "string", "_type": "Value"} for name in ("id", "q", "a")}
    features["image"] = {"_type": "Image"}
    image = pa.struct([("bytes", "binary"), ("path", "string")])
    schema = pa.schema([("id", "string"), ("q", "string"), ("a", "string"), ("image", image)])
    schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), tmp_path / "toy/zh/test-00000.parquet")
    english(tmp_path, {"q": "Lock?", "a": "A lock.", "id": 7, "image": None})
    (tmp_path / "toy/README.md").write_text(
        "---\nconfigs:\n"
        "- config_name: zh\n  data_files:\n  - split: test\n    path: zh/*.parquet\n"
        "- config_name: en\n  data_files:\n  - split: train\n    path: en.parquet\n---\n# Toy\n"
    )
    return tmp_path


def test_a_split_of_a_local_copy_is_read_with_its_pictures_as_they_are(root):
    source = describe(ROW, hub={"id": "org/toy", "config": "zh", "split": "test"})
    assert sources.files(source, root) == ["hub/zh/test"]
    rows, rejections, media, records = everything(source, root)
    assert rows.select("file", "line", "source_id").rows() == [("hub/zh/test", n + 1, f"{n:04}") for n in range(3)]
    assert [said[0][1] for said in texts(rows)] == ["锁0？", "[image]锁1？", "锁2？"]
    assert [known["media_id"] for known, _ in media] == [hashlib.sha256(picture()).hexdigest()]
    assert (records, rejections.height) == (3, 0)
    other = describe(ROW, hub={"id": "org/toy", "config": "en"})
    assert texts(everything(other, root)[0]) == [[("user", "Lock?"), ("assistant", "A lock.")]]


def test_the_version_of_a_local_copy_changes_with_any_file_of_it(root):
    source = describe(ROW, hub={"id": "org/toy", "config": "en"})
    before = sources.digest_of(source, root, "hub/en/train")
    assert before == sources.digest_of(source, root, "hub/en/train")
    english(root, {"q": "Key?", "a": "A key."})
    assert sources.digest_of(source, root, "hub/en/train") != before


def test_a_split_that_is_not_there_is_an_error_that_names_the_copy(root):
    source = describe(ROW, hub={"id": "org/toy", "config": "en", "split": "dev"})
    with pytest.raises(ReadError, match=r"copy of org/toy in .*toy cannot be read as split 'dev'"):
        everything(source, root)


def test_a_set_that_cannot_be_reached_says_how_to_get_a_copy(tmp_path):
    source = describe(ROW, hub={"id": "org/toy", "revision": "v1"})
    command = r"hf download --repo-type dataset org/toy --local-dir .*toy --revision v1"
    with pytest.raises(ReadError, match=command):
        everything(source, tmp_path)
    with pytest.raises(ReadError, match=command):
        sources.digest_of(source, tmp_path, "hub/default/train")


def test_what_lies_beside_a_description_is_no_copy_of_the_set(root, tmp_path):
    beside = tmp_path / "elsewhere"
    (beside / "toy").mkdir(parents=True)
    english(beside, {"q": "not of the set"})
    source = describe({"prompt": "q"}, hub={"id": "a/b"})
    source._beside = beside / "toy"
    with pytest.raises(ReadError, match="cannot be read from the Hub"):
        sources.digest_of(source, tmp_path / "empty", "hub/default/train")
