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
        yield missing(f"no GPU (no nvidia-smi); needed for {USE}", "safeladder doctor gpu  # on a host that has one")
        return
    command = [program, f"--query-gpu={FIELDS}", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    if done.returncode:
        yield wrong(f"the driver does not answer: {(done.stdout or done.stderr).strip().splitlines()[0]}", "nvidia-smi")
        return
    for line in done.stdout.splitlines():
        yield ok(line)
    if packages.installed("torch") and build() == "CPU":
        again = packages.install(f"torch=={(packages.installed('torch') or '').partition('+')[0]}")
        yield missing(
            "torch is a build for CPU; one for CUDA is needed for training on the GPU",
            f"{packages.uninstall('torch')} && {again}  # from an index with CUDA builds",
        )
