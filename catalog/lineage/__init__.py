"""Follow a row both ways: where it came from, what happened to it, what was made from it, and why it is missing."""

from catalog.lineage.find import Event, find, kind
from catalog.lineage.trace import trace
from catalog.lineage.walk import ancestors, descendants
from catalog.lineage.why import why

__all__ = ["Event", "ancestors", "descendants", "find", "kind", "trace", "why"]
