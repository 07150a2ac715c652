"""The stages of a run, one file each, and `stages(recipe, ...)` that chains them."""

from safeladder.pipeline.chain import stages

__all__ = ["stages"]
