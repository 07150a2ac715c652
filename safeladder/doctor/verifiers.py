"""PyTorch and transformers: which build, and with `doctor verifiers` whether they can be imported and compute."""

import os
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import requires

from safeladder.doctor import packages
from safeladder.doctor.finding import Finding, Request, ok, wrong

USE = "training verifiers and scoring with them"
COMPANIONS = ("torchvision", "torchaudio", "torchcodec")  # we need none; transformers imports what is here


def look(request: Request) -> Iterator[Finding]:
    """Look at what verifiers stand on."""
    yield from packages.check("torch", "transformers", "accelerate", "scikit-learn", "safetensors", needed_for=USE)
    if packages.installed("torch") is None:
        return
    yield ok(f"torch is a build for {build()}")
    if request.alone:
        yield from _torch()
        yield from _companions()
        for name in ("verifiers.encoder", "verifiers.score"):
            import_module(name)
        yield ok("torch and transformers go together: the encoder can be imported")


def build() -> str:
    """What PyTorch was built for, as its metadata tell without an import: `CPU`, `CUDA` or `ROCm`."""
    tag = (packages.installed("torch") or "").partition("+")[2]
    if tag:
        return {"cp": "CPU", "cu": "CUDA", "ro": "ROCm"}.get(tag[:2], tag)
    return "CUDA" if any(name.startswith(("nvidia-", "cuda-")) for name in requires("torch") or ()) else "CPU"


def _torch() -> Iterator[Finding]:
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = torch.get_num_threads()
    if threads > cores:
        yield wrong(f"torch would use {threads} threads on {cores} cores", f"export OMP_NUM_THREADS={cores}")
    else:
        yield ok(f"torch can be imported; {threads} threads on {cores} cores")
    visible = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for device in ["cpu", *(f"cuda:{number}" for number in range(visible))]:
        square = torch.ones(64, 64, device=device)
        if float((square @ square).sum()) == 64**3:
            yield ok(f"torch computes on {device}")
        else:
            yield wrong(f"torch computes wrongly on {device}", f"{packages.install('torch')} --force-reinstall")
    if not visible:
        yield ok(f"no GPU is visible to torch (CUDA_VISIBLE_DEVICES={os.environ.get('CUDA_VISIBLE_DEVICES')})")


def _companions() -> Iterator[Finding]:
    for name in filter(packages.installed, COMPANIONS):
        try:
            import_module(name)
            yield ok(f"{name} {packages.installed(name)} fits torch")
        except Exception as error:
            reason = str(error).strip().splitlines()[0]
            yield wrong(
                f"{name} {packages.installed(name)} is a build for another torch, and takes transformers down with it: "
                f"{reason}",
                packages.uninstall(name),
            )
