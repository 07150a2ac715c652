"""Ground floor: what is stored, under which id, and how it is found again.

A store is a ledger, immutable segments and media; runs write to it stage by stage; the DuckDB catalog is built from it.
"""

from catalog import diff, labels, ledger, lineage, media, models, read_model, releases, shards
from catalog.ids import chat, digest, media_id, prompt_id, sample_id
from catalog.retry import attempts
from catalog.runs import Accounting, Context, Output, Stage, execute, fingerprints, id_of, plan
from catalog.schema import BATCH, TABLES, describe
from catalog.segments import DamagedSegment
from catalog.store import Store
from catalog.text import with_text

__all__ = [
    "BATCH",
    "TABLES",
    "Accounting",
    "Context",
    "DamagedSegment",
    "Output",
    "Stage",
    "Store",
    "attempts",
    "chat",
    "describe",
    "diff",
    "digest",
    "execute",
    "fingerprints",
    "id_of",
    "labels",
    "ledger",
    "lineage",
    "media",
    "media_id",
    "models",
    "plan",
    "prompt_id",
    "read_model",
    "releases",
    "sample_id",
    "shards",
    "with_text",
]
