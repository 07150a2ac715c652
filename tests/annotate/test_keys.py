"""Secrets are random, stay the same, and are nobody else's business."""

import stat

import pytest

from annotate.server.review import keys


def test_secrets_are_made_once_for_the_owner_alone(tmp_path):
    with pytest.raises(FileNotFoundError):
        keys.load(tmp_path)
    first = keys.ensure(tmp_path)
    assert keys.ensure(tmp_path) == keys.load(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert all(len(value) >= 24 for value in first.values())


def test_every_home_has_its_own(tmp_path):
    homes = [tmp_path / "a", tmp_path / "b"]
    for home in homes:
        home.mkdir()
    a, b = map(keys.ensure, homes)
    assert not set(a.values()) & set(b.values())


def test_a_file_that_others_can_read_is_refused(tmp_path):
    keys.ensure(tmp_path)
    (tmp_path / "secrets.json").chmod(0o644)
    with pytest.raises(PermissionError, match="chmod 600"):
        keys.load(tmp_path)
