"""GPUs as the driver shows them, and whether PyTorch is a build that can use them."""

import shutil
import subprocess
from collections.abc import Iterator

from safeladder.doctor import packages
from safeladder.doctor.finding import Finding, Request, missing, ok, wrong
from safeladder.doctor.verifiers import build

USE = "Qwen2.5-VL verifiers and RL of whole models; the small encoder trains and serves on a CPU"
FIELDS = "name,memory.total,driver_version"


def look(_: Request) -> Iterator[Finding]:
    """Look for NVIDIA GPUs."""
    program = shutil.which("nvidia-smi")
    if program is None:
        yield missing(
            f"no GPU (nvidia-smi is not here); needed for {USE}", "safeladder doctor gpu  # where there is one"
        )
        return
    command = [program, f"--query-gpu={FIELDS}", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    if done.returncode:
        yield wrong(f"the driver does not answer: {(done.stdout or done.stderr).strip().splitlines()[0]}", "nvidia-smi")
        return
    for line in done.stdout.splitlines():
        yield ok(line)
    if packages.installed("torch") and build() == "CPU":
        yield wrong(
            "there is a GPU, and torch is a build for CPU",
            f"{packages.install('torch')} --force-reinstall --index-url https://download.pytorch.org/whl/cu130",
        )
