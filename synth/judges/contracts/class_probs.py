"""A classifier's probability of each label: nothing is written, and nothing can be misread but the order of labels."""

from typing import ClassVar

from synth.inference.request import Choice, Sampling
from synth.judges.contracts.contract import Contract
from synth.judges.judgement import Reading

_ROUNDED = 0.01  # how far from 1 half-precision probabilities may sum up to


class ClassProbs(Contract):
    """The label that a classifier names, and the probability of each in the order in which it was trained on them.

    The server names the most probable label alone, so that one has to be the one that is most probable here: otherwise
    its labels stand in another order, and nothing of the answer is read. Neither label nor probabilities is how a
    verifier abstains.

    Args:
        labels: All labels, in the classifier's order.

    Source:
        vLLM's classification API, https://docs.vllm.ai/en/stable/models/pooling_models/classify/.
    """

    classifies: ClassVar[bool] = True

    labels: tuple[str, ...]

    def read(self, choice: Choice) -> Reading:
        label, probs = choice.text, choice.probs
        if probs is None:
            return Reading(outcome="unparsed", reason="no_probs")
        if not label and not probs:
            if choice.finish_reason == "length":
                return Reading(outcome="truncated", reason="input")
            return Reading(outcome="ambiguous", reason="abstained")
        if label not in self.labels or len(probs) != len(self.labels):
            return Reading(outcome="unparsed", reason="undeclared")
        if not (all(0 <= p <= 1 for p in probs) and abs(sum(probs) - 1) <= _ROUNDED):
            return Reading(outcome="unparsed", reason="no_distribution")
        first, second = sorted(probs, reverse=True)[:2]
        by_label = dict(zip(self.labels, probs, strict=True))
        if by_label[label] < first:
            return Reading(outcome="unparsed", reason="other_order")
        if first == second:
            return Reading(outcome="ambiguous", reason="tie")
        return Reading(outcome="scored", label=label, probs=by_label)

    @property
    def sampling(self) -> Sampling:
        return Sampling(max_tokens=1, temperature=0)  # nothing is drawn
