"""Pictures: requests lifted out of the text in several ways, and harmless look-alikes, each with the spec that draws it
again bit by bit."""

from synth.images.bank import ImageSource, Pictured, from_diffusers, from_folder, pictured
from synth.images.benign import BENIGN, Picture, benign
from synth.images.chat_frame import chat_frame
from synth.images.contact_sheet import contact_sheet
from synth.images.flow_chart import flow_chart
from synth.images.leakage import leaked_terms, leaks
from synth.images.lift import LIFT, Lifted, lift
from synth.images.registry import KINDS, Drawn, Kind
from synth.images.render import load_spec, render, verify, visible_text
from synth.images.scene import Scene
from synth.images.spec import RenderSpec
from synth.images.split_risk import split_risk

__all__ = [
    "BENIGN",
    "KINDS",
    "LIFT",
    "Drawn",
    "ImageSource",
    "Kind",
    "Lifted",
    "Picture",
    "Pictured",
    "RenderSpec",
    "Scene",
    "benign",
    "chat_frame",
    "contact_sheet",
    "flow_chart",
    "from_diffusers",
    "from_folder",
    "leaked_terms",
    "leaks",
    "lift",
    "load_spec",
    "pictured",
    "render",
    "split_risk",
    "verify",
    "visible_text",
]
