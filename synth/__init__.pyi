from .attacks import ATTACKS, Attack
from .counterfactuals import EDITS, Edit
from .errors import NotApplicable
from .images import RenderSpec, lift, render, verify
from .make import Derived, SynthConfig, derive

__all__ = [
    "ATTACKS",
    "EDITS",
    "Attack",
    "Derived",
    "Edit",
    "NotApplicable",
    "RenderSpec",
    "SynthConfig",
    "derive",
    "lift",
    "render",
    "verify",
]
