from .agreement import kappas, krippendorff_alpha
from .batch import judgements
from .calibration import calibrate
from .combine import dawid_skene, majority
from .humans import compare, human_labels
from .judge import Judge
from .judgement import TASKS, Judgement, as_unsafe
from .rates import Rate, rate, unsafe_rates
from .registry import JUDGES
from .review import to_review
from .rules import Rule
from .settling import Settled, settle
from .subject import Subject, subjects
from .verdicts import from_verdicts

__all__ = [
    "JUDGES",
    "TASKS",
    "Judge",
    "Judgement",
    "Rate",
    "Rule",
    "Settled",
    "Subject",
    "as_unsafe",
    "calibrate",
    "compare",
    "dawid_skene",
    "from_verdicts",
    "human_labels",
    "judgements",
    "kappas",
    "krippendorff_alpha",
    "majority",
    "rate",
    "settle",
    "subjects",
    "to_review",
    "unsafe_rates",
]
