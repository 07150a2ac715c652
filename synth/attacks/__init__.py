"""Disguises for a request: published attacks that need no model, as pure functions of a text and a random state."""

from synth.attacks.chain import attack
from synth.attacks.definition import Attack
from synth.attacks.registry import ATTACKS

__all__ = ["ATTACKS", "Attack", "attack"]
