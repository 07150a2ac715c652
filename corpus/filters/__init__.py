"""Reasons to leave: each filter says why a text is rejected, and null keeps it."""

from corpus.filters.language import detect, language
from corpus.filters.length import length
from corpus.filters.pii import pii
from corpus.filters.repetition import repeated_lines, repeated_phrases

__all__ = ["detect", "language", "length", "pii", "repeated_lines", "repeated_phrases"]
