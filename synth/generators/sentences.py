"""How a base model is held to sentences: by the grammar that its answer must follow.

A base model left to itself closes a text before it began, slips into the other language or never ends a sentence. So a
text begins with a letter of its language and ends as a sentence does. Chat models are not held like this: their replies
may have lists, quotes and line breaks.

No length stands in what is sent. XGrammar unrolls a bounded repetition: with a vocabulary of 262,144 tokens it took
33 s to compile one text of up to 500 characters, and 0.1 s to compile one without a bound; a pattern with a bound of
238 did not compile at all. `max_tokens` bounds the answer, and its length is checked when it is read.
"""

from collections.abc import Callable
from typing import Any

from synth.language import Language

FIRST = {"en": "[A-Z]", "zh": "[\u4e00-\u9fff《]"}
LAST = {"en": "[.?!]", "zh": "[。？！]"}
ASKING = {"en": "[?]", "zh": "[？]"}
SHORTEST = {"en": 4, "zh": 2}  # characters between the first and the last, at least
INSIDE = r'[^"\\\n{}<>]'  # nothing that JSON escapes, no markup


def without_lengths(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema whose texts may have any length; it is that of an object of texts, lists of texts and others."""
    return _each_text(schema, lambda name: {"type": "string"})


def as_sentences(schema: dict[str, Any], language: Language, *, free: frozenset[str], asks: bool) -> dict[str, Any]:
    """A JSON schema whose texts are sentences of any length.

    Args:
        schema: Of an object of texts, lists of texts and others.
        language: Language of the texts.
        free: Fields that need not be a sentence; they too are one line.
        asks: Every sentence is a question.
    """
    last = (ASKING if asks else LAST)[language]
    sentence = f"^{FIRST[language]}{INSIDE}{{{SHORTEST[language]}}}{INSIDE}*{last}$"
    line = f"^{INSIDE}+$"
    return _each_text(schema, lambda name: {"type": "string", "pattern": line if name in free else sentence})


def _each_text(schema: dict[str, Any], held: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    fields = {}
    for name, field in schema["properties"].items():
        if "maxLength" in field:
            fields[name] = held(name)
        elif "maxLength" in field.get("items", {}):
            fields[name] = field | {"items": held(name)}
        else:
            fields[name] = field
    return schema | {"properties": fields}
