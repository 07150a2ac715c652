"""Sixth floor: a policy learns from verdicts.

A base model is cut to the words a run needs (`trim_vocabulary`), learns the reply format (`finetune`), and is then
moved by the rewards of a `Mix` with CPGD (`run_rl`). Judges that are no part of the reward watch it
(`evaluate_policy`).
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Mix": "train.mixer",
    "RLConfig": "train.config",
    "RLResult": "train.rl",
    "SFTConfig": "train.config",
    "arithmetic_records": "train.prompts",
    "cpgd_loss": "train.losses",
    "evaluate_policy": "train.evaluate",
    "finetune": "train.sft",
    "keep_buffers": "train.memory",
    "group_advantage": "train.advantages",
    "refuses": "train.refusal",
    "run_rl": "train.rl",
    "sft_rows": "train.prompts",
    "trim_vocabulary": "train.vocabulary",
    "write_curves": "train.plot",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"train has no {name!r}; it has: {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)
