"""Pictures from elsewhere: a folder is read in the order of its digests, whatever its files are called."""

import importlib.util
from random import Random

import pytest

from catalog.ids import media_id
from catalog.media import BadImage
from synth.errors import NotApplicable
from synth.images import benign, from_diffusers, from_folder, leaks, pictured


def fill(folder, *names):
    for number, name in enumerate(names):
        (folder / name).write_bytes(benign(rng=Random(number), language="en", kind="shapes").png)
    return folder


def test_a_picture_is_taken_by_what_its_name_says(tmp_path):
    source = from_folder(fill(tmp_path, "door lock.png", "cactus 1.png", "cactus_2.png", "大锁.png"))
    taken = {}
    for request in ("How do I repot a cactus?", "How do I mend a door lock?", "怎么打开大锁？"):
        for seed in range(20):
            spec, data, text = pictured(request, source, rng=Random(seed), held_out=False)
            assert spec["sha256"] == media_id(data) and (tmp_path / spec["file"]).read_bytes() == data
            assert not leaks(text, request)
            taken.setdefault(request[:2], set()).add(spec["file"])
    assert taken == {"Ho": {"cactus 1.png", "cactus_2.png", "door lock.png"}, "怎么": {"大锁.png"}}


def test_the_seed_decides_and_another_file_changes_few_choices(tmp_path):
    fill(tmp_path, *(f"cactus {number}.png" for number in range(12)))
    first = [from_folder(tmp_path)("repot a cactus", Random(seed))[1]["file"] for seed in range(60)]
    assert first == [from_folder(tmp_path)("repot a cactus", Random(seed))[1]["file"] for seed in range(60)]
    (tmp_path / "cactus 99.png").write_bytes(benign(rng=Random(99), language="zh", kind="clock").png)
    after = [from_folder(tmp_path)("repot a cactus", Random(seed))[1]["file"] for seed in range(60)]
    changed = [new for old, new in zip(first, after, strict=True) if old != new]
    assert set(changed) <= {"cactus 99.png"} and len(changed) < 30


def test_without_a_fitting_picture_there_is_none(tmp_path):
    source = from_folder(fill(tmp_path, "door lock.png"))
    with pytest.raises(NotApplicable, match="no_picture"):
        pictured("How do I repot a cactus?", source, rng=Random(0), held_out=False)


def test_an_empty_folder_and_a_broken_or_changed_file_are_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="no picture here"):
        from_folder(tmp_path)
    (tmp_path / "cactus.png").write_bytes(b"no picture")
    source = from_folder(tmp_path)
    with pytest.raises(BadImage):
        pictured("How do I repot a cactus?", source, rng=Random(0), held_out=False)
    fill(tmp_path, "cactus.png")
    with pytest.raises(ValueError, match="has changed"):
        source("repot a cactus", Random(0))


@pytest.mark.skipif(importlib.util.find_spec("diffusers") is not None, reason="diffusers is installed")
def test_without_diffusers_the_error_says_what_to_install():
    with pytest.raises(ImportError, match="pip install diffusers"):
        from_diffusers("weights", revision="main")
