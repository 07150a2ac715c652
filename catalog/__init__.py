"""Ground floor: what is stored, under which id, and how it is found again.

A store is a ledger, immutable segments and media; runs write to it stage by stage; the DuckDB catalog is built from it.

Names come from `__init__.pyi`, each module when it is first asked for: a worker that needs an id loads no database.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
