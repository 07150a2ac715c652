"""Output contracts: what a judge is told to write, and the only thing that is read as its verdict.

Each is one file: it says what to write (`asks`), writes an example (`shows`), draws answers (`sampling`) and reads one
(`read`), so that the four cannot drift apart.
"""

from synth.judges.contracts.class_probs import ClassProbs
from synth.judges.contracts.contract import Contract
from synth.judges.contracts.exact_label import ExactLabel
from synth.judges.contracts.final_verdict import FinalVerdict
from synth.judges.contracts.json_verdict import JsonVerdict
from synth.judges.contracts.key_lines import KeyLines
from synth.judges.contracts.label_tokens import LabelTokens
from synth.judges.contracts.score import Score
from synth.judges.contracts.two_lines import TwoLines

__all__ = [
    "ClassProbs",
    "Contract",
    "ExactLabel",
    "FinalVerdict",
    "JsonVerdict",
    "KeyLines",
    "LabelTokens",
    "Score",
    "TwoLines",
]
