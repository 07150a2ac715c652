"""How a base model is held to sentences: by the grammar that its answer must follow.

A base model left to itself closes a text before it began, slips into the other language or never ends a sentence. So a
text begins with a letter of its language and ends as a sentence does. Chat models are not held like this: their replies
may have lists, quotes and line breaks.
"""

from typing import Any

from synth.language import Language

FIRST = {"en": "[A-Z]", "zh": "[\u4e00-\u9fff《]"}
LAST = {"en": "[.?!]", "zh": "[。？！]"}
ASKING = {"en": "[?]", "zh": "[？]"}
SHORTEST = {"en": 12, "zh": 5}
INSIDE = r'[^"\\\n{}<>]'  # nothing that JSON escapes, no markup


def as_sentences(schema: dict[str, Any], language: Language, *, free: frozenset[str], asks: bool) -> dict[str, Any]:
    """A JSON schema whose texts are sentences.

    Args:
        schema: Of an object with fields that are texts, lists of texts, numbers or choices.
        language: Language of the texts.
        free: Fields that need not be a sentence; they too are one line.
        asks: Every sentence is a question.
    """
    fields = {}
    for name, field in schema["properties"].items():
        text = field.get("items", field)
        if "maxLength" not in text:
            fields[name] = field
            continue
        held = {"type": "string", "pattern": _pattern(text["maxLength"], language, free=name in free, asks=asks)}
        fields[name] = field | {"items": held} if "items" in field else held
    return schema | {"properties": fields}


def _pattern(longest: int, language: Language, *, free: bool, asks: bool) -> str:
    if free:
        return f"^{INSIDE}{{1,{longest}}}$"
    last = (ASKING if asks else LAST)[language]
    return f"^{FIRST[language]}{INSIDE}{{{SHORTEST[language] - 2},{longest - 2}}}{last}$"
