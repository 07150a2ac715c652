"""Attempts: the chain of a recipe as the store has it, with or without another try at the rows that failed."""

from collections.abc import Sequence
from dataclasses import replace

from catalog.runs import Stage, failed_rows, fingerprint, fingerprints
from catalog.store import Store


def attempts(store: Store, stages: Sequence[Stage], *, retry: bool = False) -> list[Stage]:
    """The stages, each at the attempt that counts: the last one that the store has.

    Args:
        store: Where earlier attempts were committed.
        stages: In order, as they were described.
        retry: Give a stage whose last attempt left failed rows one attempt more.
    """
    chain = _standing(store, stages)
    if not retry or not all(map(store.has, fingerprints(chain).values())):
        return chain  # a retry that was killed is gone on with, not begun anew
    return _standing(store, stages, more=True)


def _standing(store: Store, stages: Sequence[Stage], *, more: bool = False) -> list[Stage]:
    """Each stage at the last attempt that was begun, or one `more` where that left failed rows."""
    found: dict[str, str] = {}
    chosen = []
    for stage in stages:
        while failed_rows(store, fingerprint(stage, found)):
            again = replace(stage, attempt=stage.attempt + 1)
            if not more and not store.has(fingerprint(again, found)):
                break
            stage = again
        found[stage.name] = fingerprint(stage, found)
        chosen.append(stage)
    return chosen
