from .advantages import group_advantage
from .config import RLConfig, SFTConfig
from .evaluate import evaluate_policy
from .losses import cpgd_loss
from .memory import keep_buffers
from .mixer import Mix
from .plot import write_curves
from .prompts import arithmetic_records, sft_rows
from .refusal import refuses
from .rl import RLResult, run_rl
from .sft import finetune
from .vocabulary import trim_vocabulary

__all__ = [
    "Mix",
    "RLConfig",
    "RLResult",
    "SFTConfig",
    "arithmetic_records",
    "cpgd_loss",
    "evaluate_policy",
    "finetune",
    "group_advantage",
    "keep_buffers",
    "refuses",
    "run_rl",
    "sft_rows",
    "trim_vocabulary",
    "write_curves",
]
