"""How a base model is held to sentences: by the grammar that its answer must follow.

A base model left to itself closes a text before it began, slips into the other language or goes on and on. So a text
begins with a letter of its language and is a few sentences. Chat models are not held like this: their replies may have
lists, quotes and line breaks.

No length stands in what is sent. XGrammar unrolls a bounded repetition: with a vocabulary of 262,144 tokens it took
33 s to compile one text of up to 500 characters, and 0.1 s to compile one without a bound; a pattern with a bound of
238 did not compile at all, and one of 16 took a second. `max_tokens` bounds the answer, and its length is checked when
it is read.
"""

from collections.abc import Callable
from typing import Any

from synth.language import Language

FIRST = {"en": "[A-Z]", "zh": "[\u4e00-\u9fff《]"}
LAST = {"en": ".?!", "zh": "。？！"}
ASKING = {"en": "?", "zh": "？"}
SHORTEST = {"en": 2, "zh": 1}  # characters inside the first sentence, at least
BARRED = r'"\\\n{}<>'  # what JSON escapes, and markup
FACT = {
    "en": f"[A-Za-z0-9][^{BARRED} ]*( [^{BARRED} ]+){{0,5}}",
    "zh": f"[\u4e00-\u9fffA-Za-z0-9《][^{BARRED}，。；？！]{{0,15}}",
}
SHORT, FEW, SEVERAL = 240, 2, 6  # a field of at most 240 characters has two sentences at most, a longer one six


def without_lengths(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema whose texts may have any length; it is that of an object of texts, lists of texts and others."""
    return _each_text(schema, lambda name, longest: {"type": "string"})


def as_sentences(schema: dict[str, Any], language: Language, *, free: frozenset[str], asks: bool) -> dict[str, Any]:
    """A JSON schema whose texts are a few sentences of any length.

    Args:
        schema: Of an object of texts, lists of texts and others.
        language: Language of the texts.
        free: Fields that hold a name or a number: at most six words, or sixteen characters of Chinese.
        asks: The last sentence is a question.
    """
    ends, last = LAST[language], (ASKING if asks else LAST)[language]
    inside = f"[^{BARRED}{ends}]"
    begin = f"{FIRST[language]}{inside}{{{SHORTEST[language]}}}{inside}*"

    def held(name: str, longest: int) -> dict[str, Any]:
        more = (FEW if longest <= SHORT else SEVERAL) - 1
        sentences = f"{begin}([{ends}]{inside}+){{0,{more}}}[{last}]"
        return {"type": "string", "pattern": f"^{FACT[language] if name in free else sentences}$"}

    return _each_text(schema, held)


def _each_text(schema: dict[str, Any], held: Callable[[str, int], dict[str, Any]]) -> dict[str, Any]:
    fields = {}
    for name, field in schema["properties"].items():
        if "maxLength" in field:
            fields[name] = held(name, field["maxLength"])
        elif "maxLength" in field.get("items", {}):
            fields[name] = field | {"items": held(name, field["items"]["maxLength"])}
        else:
            fields[name] = field
    return schema | {"properties": fields}
