"""Our verifiers as judges: rows of the table `verdicts`, which they left in the catalog."""

import polars as pl

from catalog.labels import SAFETY
from synth.judges.judgement import Judgement


def from_verdicts(verdicts: pl.DataFrame) -> list[Judgement]:
    """One judgement for each verdict of a safety verifier; the judge is named by its checkpoint.

    Args:
        verdicts: Rows of that table.
    """
    columns = ("sample_id", "checkpoint_id", "label", "probs", "category", "abstained", "truncated")
    return [_judgement(row) for row in verdicts.select(columns).iter_rows(named=True)]


def _judgement(row: dict) -> Judgement:
    facts = {"sample_id": row["sample_id"], "judge": f"verifier@1/{row['checkpoint_id']}", "task": "safety"}
    if row["abstained"] or row["label"] is None:
        if row["truncated"]:
            return Judgement(outcome="truncated", reason="input", **facts)
        return Judgement(outcome="ambiguous", reason="abstained", **facts)
    probs = row["probs"] and dict(zip(SAFETY, row["probs"], strict=True))
    ours = (row["category"],) if row["category"] else ()
    return Judgement(outcome="scored", label=row["label"], probs=probs, ours=ours, **facts)
