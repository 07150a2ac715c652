"""Disguises for a request: six published attacks as pure functions of a text and a random state."""

from synth.attacks.registry import ATTACKS, Attack

__all__ = ["ATTACKS", "Attack"]
