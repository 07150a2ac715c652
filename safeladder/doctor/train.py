"""TRL and datasets; with `doctor train` the trainers are imported, which is where versions that do not fit show."""

from collections.abc import Iterator
from importlib import import_module

from safeladder.doctor import packages
from safeladder.doctor.finding import Finding, Request, ok


def look(request: Request) -> Iterator[Finding]:
    """Look at what training with rewards stands on."""
    yield from packages.check("trl", "datasets", "accelerate", "gguf", needed_for="RL")
    if request.alone and packages.installed("trl"):
        import_module("train.trl_trainer")
        yield ok("TRL, transformers and torch go together: the trainer can be imported")
