"""Inference: requests to vLLM or any OpenAI-compatible endpoint, through datatrove, with nothing lost.

`complete` gives one reply per request, in order. `Endpoint` is a server that runs already, `Workers` is vLLM that each
worker starts for itself, and `Executor` says where the workers run.
"""

from synth.inference.asking import EndpointLost
from synth.inference.complete import Estimate, complete, estimate, no_pictures
from synth.inference.endpoint import Endpoint, Engine, Style, Workers
from synth.inference.executors import Executor
from synth.inference.kept import kept_servers
from synth.inference.request import Choice, Reply, Request, Sampling, Token
from synth.inference.wire import Picture

__all__ = [
    "Choice",
    "Endpoint",
    "EndpointLost",
    "Engine",
    "Estimate",
    "Executor",
    "Picture",
    "Reply",
    "Request",
    "Sampling",
    "Style",
    "Token",
    "Workers",
    "complete",
    "estimate",
    "kept_servers",
    "no_pictures",
]
