"""Reasons to leave: each filter says why a text is rejected, and null keeps it.

`refusal_kind`, `cut_off`, `toxicity` and `word_letter_ratio` are signals: they tell, and reject nothing.
"""

from corpus.filters.characters import control_characters, mojibake
from corpus.filters.gibberish import gibberish
from corpus.filters.illogical import cut_off, no_words, repeats_prompt
from corpus.filters.language import detect, language
from corpus.filters.length import length
from corpus.filters.letters import word_letter_ratio, words_with_letter
from corpus.filters.markup import active_markup, leftover_markup
from corpus.filters.pii import REASONS as PII_REASONS
from corpus.filters.pii import find_pii, pii
from corpus.filters.refusal import refusal, refusal_kind
from corpus.filters.repetition import repeated_lines, repeated_phrases
from corpus.filters.scrub import scrub
from corpus.filters.secrets import find_secrets, secrets
from corpus.filters.template import placeholders, template
from corpus.filters.toxicity import toxicity

__all__ = [
    "PII_REASONS",
    "active_markup",
    "control_characters",
    "cut_off",
    "detect",
    "find_pii",
    "find_secrets",
    "gibberish",
    "language",
    "leftover_markup",
    "length",
    "mojibake",
    "no_words",
    "pii",
    "placeholders",
    "refusal",
    "refusal_kind",
    "repeated_lines",
    "repeated_phrases",
    "repeats_prompt",
    "scrub",
    "secrets",
    "template",
    "toxicity",
    "word_letter_ratio",
    "words_with_letter",
]
