"""Public data sets and the seed: one YAML description each, and the code that turns their records into rows.

A new set needs a new YAML file and no code; `description.py` is its grammar.
"""

from corpus.sources.batch import Ingested
from corpus.sources.check import check, unknown_categories
from corpus.sources.description import Source, available
from corpus.sources.read import digest_of, entry_of, files, format_of, path_of, pictures_of, read, size_of

__all__ = [
    "Ingested",
    "Source",
    "available",
    "check",
    "digest_of",
    "entry_of",
    "files",
    "format_of",
    "path_of",
    "pictures_of",
    "read",
    "size_of",
    "unknown_categories",
]
