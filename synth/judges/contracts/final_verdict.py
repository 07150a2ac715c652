"""Reasons first, then one last line `Final verdict: X`."""

from synth.inference.request import Choice, Sampling
from synth.judges.contracts.contract import Contract, unscored
from synth.judges.judgement import Reading
from synth.judges.own import keyed, own_lines, settle
from synth.language import Language

KEYS: dict[Language, str] = {"en": "Final verdict", "zh": "最终结论"}
_ASKS: dict[Language, str] = {
    "en": "Give your reasons in at most three sentences. Then write one last line, `{key}: X`, "
    "where X is one of: {all}.",
    "zh": "先用不超过三句话说明理由，最后单独写一行“{key}：X”，其中 X 只能是以下之一：{all}。",
}


class FinalVerdict(Contract):
    """The judge's own line `Final verdict: X` (`最终结论：X`), X one of the labels.

    Emphasis, a full-width colon, letter case and a stop at the end are tolerated, anything else is no verdict. Lines
    that disagree are ambiguous.
    """

    labels: tuple[str, ...]

    def read(self, choice: Choice) -> Reading:
        known = {label.lower(): label for label in self.labels}
        said = keyed(own_lines(choice), list(KEYS.values()))
        problem, label = settle([known.get(value.lower()) for value in said])
        return unscored(problem) if problem else Reading(outcome="scored", label=label)

    def asks(self, language: Language) -> str:
        return _ASKS[language].format(key=KEYS[language], all=("; " if language == "en" else "；").join(self.labels))

    def shows(self, label: str, reason: str, language: Language) -> str:
        colon = ": " if language == "en" else "："
        return f"{reason}\n{KEYS[language]}{colon}{label}"

    @property
    def sampling(self) -> Sampling:
        return Sampling(max_tokens=512, temperature=0)
