"""Generators: each asks a model for rows of one kind, and reads its answer into rows or into a reason.

None of them talks to a server: `request` makes what is asked, `read` takes what was answered. `docs/generators.md`.
"""

from synth.generators.eligible import eligible
from synth.generators.generator import Generator
from synth.generators.item import Cell, Item, Parent
from synth.generators.made import Made, Unparsed
from synth.generators.registry import GENERATORS, table
from synth.generators.translate import back_item

__all__ = ["GENERATORS", "Cell", "Generator", "Item", "Made", "Parent", "Unparsed", "back_item", "eligible", "table"]
