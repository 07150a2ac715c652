"""Public data sets and the seed: one YAML description each, and the code that turns their records into rows.

A new set needs a new YAML file and no code; `description.py` is its grammar.
"""

from corpus.sources.description import Source, available
from corpus.sources.read import Ingested, files, path_of, read

__all__ = ["Ingested", "Source", "available", "files", "path_of", "read"]
