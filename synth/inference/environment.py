"""vLLM's own virtual environment: it caps transformers and brings a hundred packages that we do not want among ours."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from catalog import environments

Device = Literal["cpu", "gpu"]

VERSION = "0.32.0"
PARTS = Path(__file__).parent / "vllm"
INSIDE = PARTS / "inside"
TAKES = {"cpu": "vLLM for the CPU, about a minute and 2.2 GB", "gpu": "vLLM for GPUs, many minutes and gigabytes"}


def device_here() -> Device:
    """`gpu` where the driver of NVIDIA lists one, else `cpu`."""
    if shutil.which("nvidia-smi") is None:
        return "cpu"
    listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True)
    return "gpu" if "GPU " in listed.stdout else "cpu"


def environment_folder(device: Device) -> Path:
    """Where the environment of these pins and this Python lies, whether it is made or not."""
    return environments.folder_of(f"vllm-{device}", requirements(device), *sorted(INSIDE.glob("*.py")))


def requirements(device: Device) -> Path:
    """The pins, each of them: nothing else is installed."""
    return PARTS / f"requirements-{device}.txt"


def ensure_environment(device: Device, progress: Callable[[str], object] = print) -> Path:
    """The environment of the pinned vLLM; made when it is not there.

    Args:
        device: Which build of vLLM.
        progress: Told in a sentence what takes long.

    Returns:
        The folder; vLLM is `bin/vllm` in it.

    Raises:
        EnvironmentFailed: If the pins cannot be installed.
    """

    def install(environment: Path) -> None:
        try:
            environments.install(environment, requirements(device))
        except environments.EnvironmentFailed as failed:
            hint = "name the place of torch's CPU builds in PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL"
            raise environments.EnvironmentFailed(f"{failed}\n{hint}" if "+cpu" in str(failed) else failed) from None
        _complete(environment, device)

    return environments.ensure(environment_folder(device), install, what=TAKES[device], progress=progress)


def _complete(environment: Path, device: Device) -> None:
    """Put our own modules beside the installed ones, and what the CPU build lacks."""
    (packages,) = environment.glob("lib/python*/site-packages")
    shutil.copy(INSIDE / "safeladder_guard.py", packages)
    if device == "gpu":
        return
    shutil.copy(INSIDE / "safeladder_torchvision.py", packages)
    (packages / "safeladder.pth").write_text("import safeladder_torchvision\n")
    # The CPU build is a distribution of another name, and vLLM asks for its own version under its own.
    named = packages / f"vllm-{VERSION}+cpu.dist-info"
    named.mkdir()
    (named / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {VERSION}+cpu\n")
