"""Jobs of a plan that need no model: rows lifted into a picture, attacked, or edited, with the label that follows."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

import polars as pl

from catalog.ids import canonical, prompt_id, sample_id
from catalog.schema import BATCH
from synth.attacks import ATTACKS
from synth.balance import Job
from synth.children import Child, attacked, edited, lifted
from synth.counterfactuals import EDITS
from synth.errors import NotApplicable
from synth.fill import by_place
from synth.generators.item import RISKY
from synth.images import LIFT
from synth.produce import GONE, LINEAGE, SOURCE, Produced

Row = Mapping[str, Any]
Try = tuple[str, Callable[..., Child]]


def make(
    name: str, jobs: Sequence[Job], rows: Sequence[Row], *, seed: int = 0
) -> tuple[Produced, list[dict[str, Any]]]:
    """Children of rows, for the cells that the jobs name.

    Args:
        name: `lift`, `attacks` or `edits`.
        jobs: The whole plan.
        rows: What there is to start from: `BATCH` columns, `split`, `prompt`, `response` and `images`.
        seed: Decides which rows are taken, and what is drawn for each.

    Returns:
        What became of the rows that were tried; and the pictures, as rows of the media table with `data`, the file.
    """
    made: dict[str, dict[str, Any]] = {}
    lineage: list[dict[str, Any]] = []
    gone: list[dict[str, Any]] = []
    media: dict[str, dict[str, Any]] = {}
    asked = answered = 0
    candidates = by_place(rows, name, seed=seed)
    present = {row["sample_id"] for row in rows}
    risky = {row["prompt_id"] for row in rows if row["category"] or row["unsafe"] or row["label"] in RISKY}
    tried: set[tuple[str, str]] = set()
    for job in jobs:
        if job.generator != name:
            continue
        left = job.requests
        for row in candidates(job, job.language):
            if not left:
                break
            tries = _tries(name, job, row, seed, benign=row["prompt_id"] not in risky)
            new = (one for one in tries if (row["sample_id"], one[0]) not in tried)
            if (attempt := next(new, None)) is None:
                continue
            relation, child_of = attempt
            tried.add((row["sample_id"], relation))
            left, asked = left - 1, asked + 1
            try:
                child = child_of(rng=_random(seed, row["sample_id"], relation))
                key = sample_id(child.messages)
                if key in present or key in made:
                    raise NotApplicable("already_there")
            except NotApplicable as why:
                gone.append({"sample_id": row["sample_id"], "reason": why.reason, "source": relation, "failed": False})
                continue
            answered += 1
            made[key] = _row(key, child, row, relation)
            detail = {"wanted": job.label, "task": row["task"]} | child.detail
            link = {"child_id": key, "parent_id": row["sample_id"], "relation": relation, "seed": seed}
            lineage.append(link | {"detail": json.dumps(detail, sort_keys=True)})
            if child.media:
                media[child.media["media_id"]] = child.media
        gone += [{"reason": "no_parent", "failed": False}] * left
        asked += left
    rows_made = pl.DataFrame(list(made.values()), schema=pl.Schema(BATCH))
    links = pl.DataFrame(lineage, schema=LINEAGE)
    return Produced(rows_made, links, pl.DataFrame(gone, schema=GONE), asked, answered), list(media.values())


def _tries(name: str, job: Job, row: Row, seed: int, *, benign: bool) -> Iterator[Try]:
    """What can be made of a row for a job, under its name in the lineage."""
    if row["subcategory"] != job.subcategory:
        return
    if name == "lift" and row["label"] == job.label and not row["images"]:
        yield LIFT, partial(lifted, row)
    if name == "attacks" and row["label"] == job.label and not row["images"]:
        fit = [attack for attack in ATTACKS.values() if job.language in attack.languages]
        for attack in _random(seed, row["sample_id"], "attacks").sample(fit, len(fit)):
            yield attack.relation, partial(attacked, row, attack)
    if name == "edits" and bool(row["images"]) == (job.modality == "image") and row["label"] != job.label:
        for edit in EDITS.values():
            outcome = edit.outcome(row["label"], row["unsafe"], benign_prompt=benign)
            if edit.kind is not None and outcome is not None and outcome[0] == job.label:
                yield edit.relation, partial(edited, row, edit, outcome, seed=seed)


def _row(key: str, child: Child, row: Row, relation: str) -> dict[str, Any]:
    return {
        "sample_id": key,
        "prompt_id": prompt_id(child.messages),
        "messages": child.messages,
        "source": SOURCE,
        "source_label": relation,
        "task": row["task"],
        "label": child.label,
        "unsafe": child.unsafe,
        "category": row["category"],
        "subcategory": row["subcategory"],
        "origin": "construction",
    }


def _random(seed: int, parent_id: str, purpose: str) -> Random:
    return Random(hashlib.sha256(canonical([seed, parent_id, purpose])).digest())
