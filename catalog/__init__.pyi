from . import diff, labels, ledger, lineage, media, models, read_model, releases, shards
from .ids import chat, digest, media_id, prompt_id, sample_id
from .retry import attempts
from .runs import Accounting, Context, Output, Stage, execute, fingerprints, id_of, plan
from .schema import BATCH, TABLES, describe
from .segments import DamagedSegment
from .store import Store
from .text import with_text

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
