"""How probable each label is as the next token: nothing is generated but one token, and that is not read."""

from math import exp

from synth.inference.request import Choice, Sampling
from synth.judges.contracts.contract import Contract
from synth.judges.judgement import Reading
from synth.language import Language

_MARKS = "\u2581\u0120"  # how SentencePiece and byte-level BPE write a space, where a server shows it
_MASKED = -1000.0  # servers give about -9999, or less, to a token that a grammar forbids
_ASKS: dict[Language, str] = {
    "en": "Answer with one word: {all}.",
    "zh": "只用一个词回答：{all}。",
}


class LabelTokens(Contract):
    """A softmax over the label words in the first position of an answer.

    A label whose word is not among the tokens that the server lists has an unknown probability, at most the mass that
    the list leaves over. It is taken to be that much: if another label still wins, the reading is scored and marked
    `bounded` (the winner is at least that probable); else it is not scored.

    Args:
        words: Word of each label, by language. Words match in any case, single letters only as they are: `a` begins
            many a sentence.
    """

    words: dict[Language, dict[str, str]]

    def read(self, choice: Choice) -> Reading:
        if not choice.tokens:
            return Reading(outcome="failed", reason="no_logprobs")
        token = choice.tokens[0]
        listed = {token.text: token.logprob, **token.top}
        if any(logprob <= _MASKED for logprob in token.top.values()):
            return Reading(outcome="unparsed", reason="constrained")
        labels = {_spelled(word): label for words in self.words.values() for label, word in words.items()}
        seen: dict[str, float] = {}
        for text, logprob in listed.items():
            if label := labels.get(_spelled(text.strip().strip(_MARKS))):
                seen[label] = seen.get(label, 0.0) + exp(logprob)
        if not seen:
            return Reading(outcome="unparsed", reason="no_label_listed")
        rest = max(0.0, 1 - sum(map(exp, listed.values())))
        most = {label: seen.get(label, rest) for label in next(iter(self.words.values()))}
        winner, second = sorted(most, key=lambda label: most[label], reverse=True)[:2]
        bounded = len(seen) < len(most)
        if most[winner] == most[second] or winner not in seen:
            problem = "label_not_listed" if bounded else "tie"
            return Reading(outcome="unparsed" if bounded else "ambiguous", reason=problem)
        probs = {label: mass / sum(most.values()) for label, mass in most.items()}
        return Reading(outcome="scored", label=winner, probs=probs, reason="bounded" if bounded else None)

    def asks(self, language: Language) -> str:
        return _ASKS[language].format(all=(" / ").join(self.words[language].values()))

    def shows(self, label: str, reason: str, language: Language) -> str:
        return self.words[language][label]

    @property
    def sampling(self) -> Sampling:
        # Temperature 1: a server that gives log-probabilities after scaling then gives the model's own.
        return Sampling(max_tokens=1, temperature=1, logprobs=20)


def _spelled(word: str) -> str:
    return word if len(word) == 1 else word.lower()
