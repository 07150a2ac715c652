"""Third floor: rows that are made, not met.

A labelled row becomes a harder one whose label still follows from how it was made: its prompt is disguised
(`attacks`), its reply edited (`counterfactuals`), or its prompt moved into a picture (`images`). `derive` does all
three to a batch, and writes down for every child what it was made from.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
