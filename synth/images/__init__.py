"""Pictures that hold a request as text, each with the spec that draws it again bit by bit."""

from synth.images.lift import LIFT, Lifted, lift
from synth.images.render import render, verify
from synth.images.spec import RenderSpec

__all__ = ["LIFT", "Lifted", "RenderSpec", "lift", "render", "verify"]
