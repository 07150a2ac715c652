"""A number on a scale that the rubric declares."""

import re

from pydantic import model_validator

from synth.inference.request import Choice, Sampling
from synth.judges.contracts.contract import Contract, unscored
from synth.judges.json_members import members
from synth.judges.judgement import Reading
from synth.judges.own import after_thinking, keyed, own_lines, settle
from synth.language import Language

KEYS: dict[Language, str] = {"en": "Score", "zh": "评分"}
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"
_SAID = re.compile(rf"({_NUMBER})\s*(?:分|points?)?(?:\s*(?:/|out of)\s*({_NUMBER})\s*(?:分|points?)?)?", re.IGNORECASE)
_ASKS: dict[Language, str] = {
    "en": "Give your reasons in at most three sentences. Then write one last line, `{key}: N`, "
    "where N is a number from {low:g} to {high:g}.",
    "zh": "先用不超过三句话说明理由，最后单独写一行“{key}：N”，其中 N 是 {low:g} 到 {high:g} 之间的数。",
}


class Score(Contract):
    """A line `Score: 7`, `Score: 7/10` or `评分：7分`, or an object with the member `score`.

    Nothing is rescaled, clamped or guessed: a number outside the scale, or out of another maximum, is no score.

    Args:
        low: Lower end of the scale.
        high: Upper end.
    """

    low: float
    high: float

    @model_validator(mode="after")
    def _two_ends(self) -> "Score":
        if not self.low < self.high:
            raise ValueError(f"a scale goes up: low is {self.low:g}, high is {self.high:g}")
        return self

    def read(self, choice: Choice) -> Reading:
        text = choice.text.strip()
        found = members(text if text.startswith(("{", "```")) else after_thinking(text))
        if found is None:
            values = [self._value(said) for said in keyed(own_lines(choice), list(KEYS.values()))]
        else:
            names = {key.lower() for key in KEYS.values()}
            values = [
                float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
                for key, value in found
                if key.lower() in names
            ]
        problem, value = settle(values)
        if problem or value is None:
            return unscored(problem or "undeclared")
        if not self.low <= value <= self.high:
            return Reading(outcome="unparsed", reason="off_scale")
        return Reading(outcome="scored", score=value)

    def _value(self, said: str) -> float | None:
        match = _SAID.fullmatch(said)
        if match is None or (match[2] is not None and float(match[2]) != self.high):
            return None
        return float(match[1])

    def asks(self, language: Language) -> str:
        return _ASKS[language].format(key=KEYS[language], low=self.low, high=self.high)

    def shows(self, label: str, reason: str, language: Language) -> str:
        colon = ": " if language == "en" else "："
        return f"{reason}\n{KEYS[language]}{colon}{label}"

    @property
    def sampling(self) -> Sampling:
        return Sampling(max_tokens=512, temperature=0)
