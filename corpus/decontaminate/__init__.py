"""Decontamination: which rows hold an item of an exam, so that no lesson gives an answer away.

`read` an exam (or a salted one), make an `index` of all, and `find` what rows hold.
"""

from corpus.decontaminate.exam import SALTED_CHARACTERS, SALTED_WORDS, Exam, exam, read
from corpus.decontaminate.find import TEXTS, find
from corpus.decontaminate.index import index
from corpus.decontaminate.salted import save

__all__ = [
    "SALTED_CHARACTERS",
    "SALTED_WORDS",
    "TEXTS",
    "Exam",
    "exam",
    "find",
    "index",
    "read",
    "save",
]
