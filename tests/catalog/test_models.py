import pytest

from catalog import models
from catalog.offline_pack import PACK


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("SAFELADDER_CACHE", str(tmp_path))


def test_a_directory_is_taken_as_it_is(tmp_path):
    assert models.resolve(str(tmp_path)) == tmp_path


def test_a_model_of_the_pack_that_was_fetched_once_is_found_by_its_id(tmp_path):
    name = next(iter(PACK))
    (tmp_path / "models" / name.replace("/", "--")).mkdir(parents=True)
    assert models.resolve(name).is_relative_to(tmp_path)


def test_an_unknown_id_says_what_was_tried_and_what_was_probably_meant():
    with pytest.raises(models.ModelNotFound, match=r"did you mean google/gemma-3-270m\?"):
        models.resolve("google/gemma-3-270")


def test_the_digest_follows_content_and_names(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    before = models.weights_digest(tmp_path)
    (tmp_path / "notes.md").write_text("not part of the model")
    assert models.weights_digest(tmp_path) == before
    (tmp_path / "config.json").write_text("{ }")
    assert models.weights_digest(tmp_path) != before


def test_every_wheel_is_pinned_by_version_and_sha256():
    from catalog.offline_pack import WHEELS

    assert all("==" in spec and len(sha) == 64 for spec, sha in WHEELS.items())
