"""Judges: anything that labels a sample by itself, how its answer is read, and what several of them say together.

A judge makes requests out of a sample and reads the replies; it never talks to a server. What it says is a `Judgement`:
scored, or one of six ways of not being scored, which are never taken for safe, for 0 or for a tie.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "JUDGES": "synth.judges.registry",
    "Judge": "synth.judges.judge",
    "Judgement": "synth.judges.judgement",
    "Rate": "synth.judges.rates",
    "Rule": "synth.judges.rules",
    "Subject": "synth.judges.subject",
    "TASKS": "synth.judges.judgement",
    "Settled": "synth.judges.settling",
    "as_unsafe": "synth.judges.judgement",
    "calibrate": "synth.judges.calibration",
    "compare": "synth.judges.humans",
    "dawid_skene": "synth.judges.combine",
    "from_verdicts": "synth.judges.verdicts",
    "human_labels": "synth.judges.humans",
    "judgements": "synth.judges.batch",
    "kappas": "synth.judges.agreement",
    "krippendorff_alpha": "synth.judges.agreement",
    "majority": "synth.judges.combine",
    "rate": "synth.judges.rates",
    "settle": "synth.judges.settling",
    "subjects": "synth.judges.subject",
    "to_review": "synth.judges.review",
    "unsafe_rates": "synth.judges.rates",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"synth.judges has no {name!r}; it has: {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)
