"""What all contracts have."""

from abc import abstractmethod
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from synth.inference.request import Choice, Sampling
from synth.judges.judgement import Reading
from synth.language import Language


class Contract(BaseModel):
    """What a judge writes and how it is read. A guard's contract is the format it was trained on: it asks nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classifies: ClassVar[bool] = False  # whether a classifier gives the answer, which writes nothing

    @abstractmethod
    def read(self, choice: Choice) -> Reading:
        """The verdict of one answer, or why there is none."""

    def asks(self, language: Language) -> str:
        """The sentence that tells a judge what to write."""
        return ""

    def shows(self, label: str, reason: str, language: Language) -> str:
        """An answer as it should be, for the examples that a model without a chat template is shown."""
        raise NotImplementedError(
            f"{type(self).__name__} is the format of a published guard: it is not shown, but read"
        )

    @property
    def sampling(self) -> Sampling:
        """How an answer is drawn: greedily, once."""
        return Sampling(max_tokens=64, temperature=0)


def unscored(problem: str) -> Reading:
    """The reading for a problem that `own.settle` names."""
    return Reading(outcome="ambiguous" if problem == "disagree" else "unparsed", reason=problem)
