"""Prompts: what a generator says to a model, in both languages.

`NAME.en.j2` and `NAME.zh.j2` hold three macros: `instructions(case)` for a chat model, and `intro()` and `given(case)`
for a base model, which reads a few examples of `NAME.yaml` first. `hints.yaml` holds what makes two answers to the same
question differ.
"""

from synth.prompts.examples import Example, examples, hints
from synth.prompts.templates import render, sources

__all__ = ["Example", "examples", "hints", "render", "sources"]
