"""Third floor: rows that are made, not met.

A labelled row becomes a harder one whose label still follows from how it was made: its prompt is disguised
(`attacks`), its reply edited (`counterfactuals`), or its prompt moved into a picture (`images`). `derive` does all
three to a batch, and writes down for every child what it was made from.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "ATTACKS": "synth.attacks",
    "Attack": "synth.attacks",
    "Derived": "synth.make",
    "EDITS": "synth.counterfactuals",
    "Edit": "synth.counterfactuals",
    "NotApplicable": "synth.errors",
    "RenderSpec": "synth.images",
    "SynthConfig": "synth.make",
    "derive": "synth.make",
    "lift": "synth.images",
    "render": "synth.images",
    "verify": "synth.images",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"synth has no {name!r}; it has: {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)
