"""The DuckDB catalog: one ordinary DuckDB file that anyone may open read-only at any time.

It is brought up to date beside the old one and swapped in by rename, so a reader sees the old or the new, never half.
"""

from catalog.read_model.build import FILE, build
from catalog.read_model.connect import connect, moment
from catalog.read_model.describe import Relation, relations
from catalog.read_model.verify import verify

__all__ = ["FILE", "Relation", "build", "connect", "moment", "relations", "verify"]
