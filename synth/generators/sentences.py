"""How a base model is held to sentences: by the grammar that its answer must follow.

A base model left to itself closes a text before it began, slips into the other language or goes on and on. So a text
begins with a letter of its language and is a few sentences. Chat models are not held like this: their replies
may have lists, quotes and line breaks.

No length stands in what is sent. XGrammar unrolls a bounded repetition: with a vocabulary of 262,144 tokens it took
33 s to compile one text of up to 500 characters, and 0.1 s to compile one without a bound; a pattern with a bound of
238 did not compile at all. `max_tokens` bounds the answer, and its length is checked when it is read.
"""

from collections.abc import Callable
from typing import Any

from synth.language import Language

FIRST = {"en": "[A-Z]", "zh": "[\u4e00-\u9fff《]"}
LAST = {"en": ".?!", "zh": "。？！"}
ASKING = {"en": "?", "zh": "？"}
SHORTEST = {"en": 4, "zh": 2}  # characters between the first and the end of the first sentence, at least
INSIDE = r'"\\\n{}<>'  # not in a text: what JSON escapes, and markup
SHORT = 240  # characters that a field may have to be a line, of two sentences at most; others have six


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
    ends = LAST[language]
    first = f"{FIRST[language]}[^{BARRED}{ends}]{{{SHORTEST[language]}}}[^{BARRED}{ends}]*"
    line = f"^[^{BARRED}]+$"

    def held(name: str, longest: int) -> dict[str, Any]:
        more = 1 if longest <= SHORT else 5
        sentences = f"^({first}[{ends}]([^{BARRED}{ends}]+[{ends}]){{0,{more - 1}}}[^{BARRED}{ends}]+|{first})[{last}]$"
        return {"type": "string", "pattern": line if name in free else sentences}

    return _each_text(schema, held)


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
