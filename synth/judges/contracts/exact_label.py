"""The whole answer is one label, letter by letter: verifiers that were trained to write nothing else."""

from synth.inference.request import Choice, Sampling
from synth.judges.contracts.contract import Contract
from synth.judges.judgement import Reading
from synth.judges.own import after_thinking
from synth.language import Language


class ExactLabel(Contract):
    """One of the labels and nothing else; white space around it is tolerated.

    Source:
        SafeWork-R1's safety verifier, arXiv 2507.18576, writes one of six labels. Its published reader then takes the
        first label that occurs anywhere, or 0; we take neither.
    """

    labels: tuple[str, ...]

    def read(self, choice: Choice) -> Reading:
        said = after_thinking(choice.text).strip()
        if said in self.labels:
            return Reading(outcome="scored", label=said)
        return Reading(outcome="unparsed", reason="undeclared" if said else "empty")

    def asks(self, language: Language) -> str:
        words = {"en": "Write one of these labels and nothing else: {}.", "zh": "只写以下标签之一，不写其他内容：{}。"}
        return words[language].format(("; " if language == "en" else "；").join(self.labels))

    def shows(self, label: str, reason: str, language: Language) -> str:
        return label

    @property
    def sampling(self) -> Sampling:
        return Sampling(max_tokens=32, temperature=0)
