"""Reasons to leave: each filter says why a text is rejected, and null keeps it.

`refusal_kind`, `cut_off`, `toxicity` and `repeats_prompt` are signals: `corpus.signals` writes them beside a row.
"""

from corpus.filters.characters import control_characters, mojibake
from corpus.filters.gibberish import gibberish
from corpus.filters.illogical import cut_off, no_words, repeats_prompt
from corpus.filters.language import detect, language
from corpus.filters.length import length
from corpus.filters.letters import words_with_letter
from corpus.filters.markup import active_markup, leftover_markup
from corpus.filters.pii import REASONS as PII_REASONS
from corpus.filters.pii import find_pii, pii
from corpus.filters.refusal import refusal_kind
from corpus.filters.repetition import repeated_lines, repeated_phrases
from corpus.filters.scrub import scrub
from corpus.filters.secrets import secrets
from corpus.filters.template import placeholders, template
from corpus.filters.toxicity import toxicity

__all__ = [
    "PII_REASONS",
    "active_markup",
    "control_characters",
    "cut_off",
    "detect",
    "find_pii",
    "gibberish",
    "language",
    "leftover_markup",
    "length",
    "mojibake",
    "no_words",
    "pii",
    "placeholders",
    "refusal_kind",
    "repeated_lines",
    "repeated_phrases",
    "repeats_prompt",
    "scrub",
    "secrets",
    "template",
    "toxicity",
    "words_with_letter",
]
