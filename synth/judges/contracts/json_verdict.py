"""An object `{"reason", "verdict"}` that the server holds to a schema."""

import json
from typing import Any

from synth.inference.request import Choice, Sampling
from synth.judges.contracts.contract import Contract, unscored
from synth.judges.json_members import members
from synth.judges.judgement import Reading
from synth.judges.own import after_thinking, settle
from synth.language import Language

_ASKS: dict[Language, str] = {
    "en": 'Write one JSON object and nothing else: {{"reason": "one sentence", "verdict": one of {all}}}.',
    "zh": '只写一个 JSON 对象，不写其他内容：{{"reason": "一句话", "verdict": 以下之一 {all}}}。',
}


class JsonVerdict(Contract):
    """The member `verdict` of an object, exactly one of the labels. Of a cut-off object, whole members are read.

    It gives no probabilities: those of an answer that a grammar held are not the model's.
    """

    labels: tuple[str, ...]

    def read(self, choice: Choice) -> Reading:
        text = choice.text.strip()
        found = members(text if text.startswith(("{", "```")) else after_thinking(text))
        if found is None:
            return Reading(outcome="unparsed", reason="no_object")
        said = [value if value in self.labels else None for key, value in found if key == "verdict"]
        problem, label = settle(said)
        return unscored(problem) if problem else Reading(outcome="scored", label=label)

    def asks(self, language: Language) -> str:
        return _ASKS[language].format(all=json.dumps(self.labels))

    def shows(self, label: str, reason: str, language: Language) -> str:
        return json.dumps({"reason": reason, "verdict": label}, ensure_ascii=False)

    @property
    def answer_schema(self) -> dict[str, Any]:
        """JSON schema of the answer."""
        properties = {"reason": {"type": "string"}, "verdict": {"enum": list(self.labels)}}
        return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}

    @property
    def sampling(self) -> Sampling:
        return Sampling(max_tokens=256, temperature=0, answer_schema=self.answer_schema)
