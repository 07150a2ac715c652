"""An environment is made once, whoever asks for it."""

import subprocess
import sys
import threading
import time

import pytest

from catalog import environments


def put(folder):
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)


def test_a_second_caller_waits_for_the_first_and_makes_nothing(tmp_path):
    made = []

    def install(folder):
        made.append(folder)
        time.sleep(0.3)
        put(folder)

    def ensure():
        environments.ensure(tmp_path / "one", install, what="nothing", progress=lambda _: None)
        assert environments.is_whole(tmp_path / "one")

    callers = [threading.Thread(target=ensure) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(made) == 1


def test_other_pins_are_another_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SAFELADDER_CACHE", str(tmp_path))
    pins = tmp_path / "pins.txt"
    names = set()
    for text in ("a==1", "a==2", "a==1"):
        pins.write_text(text)
        names.add(environments.folder_of("server", pins))
    assert len(names) == 2 and {folder.parent for folder in names} == {tmp_path}


def test_an_interrupted_installation_leaves_nothing(tmp_path):
    def install(folder):
        put(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        environments.ensure(tmp_path / "one", install, what="nothing", progress=lambda _: None)
    assert not (tmp_path / "one").exists()


def test_a_killed_installation_is_made_anew(tmp_path):
    code = (
        "import os, sys, pathlib\n"
        "from catalog import environments\n"
        "def install(folder):\n"
        "    folder.mkdir(); (folder / 'half').touch(); os.kill(os.getpid(), 9)\n"
        "environments.ensure(pathlib.Path(sys.argv[1]), install, what='nothing')\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "one")], capture_output=True)
    assert killed.returncode == -9 and (tmp_path / "one" / "half").exists()
    environments.ensure(tmp_path / "one", put, what="nothing", progress=lambda _: None)
    assert environments.is_whole(tmp_path / "one") and not (tmp_path / "one" / "half").exists()
