"""Derive new labelled rows from labelled rows, and write down what each was made from.

What happens to a row depends on the seed, its own id and the corpus it belongs to: not on the order of the rows, on
how they are cut into batches, or on who works on them.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from catalog.ids import canonical, prompt_id, sample_id
from catalog.labels import SAFETY
from catalog.schema import BATCH
from synth.attacks import ATTACKS
from synth.children import Child, Row, attacked, edited, lifted
from synth.context import SOURCE, Context, require_columns
from synth.counterfactuals import EDITS
from synth.derived import LINEAGE, MEDIA, SKIPPED, Derived
from synth.errors import NotApplicable
from synth.images import LIFT
from synth.language import language


class SynthConfig(BaseModel):
    """How many children a row gets on average; each row's own number follows from its id.

    A number such as 1.2 gives every row one child and a fifth of the rows a second one. `benign_images` counts for each
    unsafe row that was lifted, language by language: with 1, as many harmless pictures stand beside them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    attacks_per_row: float = Field(default=0.2, ge=0, le=len(ATTACKS))
    counterfactuals_per_row: float = Field(default=0.5, ge=0, le=len(EDITS))
    lifts_per_row: float = Field(default=0.2, ge=0, le=1)
    benign_images: float = Field(default=0, ge=0, le=10)
    seed: int = 0


def derive(rows: pl.DataFrame, *, config: SynthConfig | None = None, context: Context | None = None) -> Derived:
    """Attack, edit and lift a share of the rows.

    A child keeps its parent's group, and its split is that of its parent, which the lineage names. A foreign reply
    makes its donor a second parent, so that a takedown of either reaches the child. Nothing is derived from a child.

    Args:
        rows: `BATCH` rows with `prompt`, `response` and `images` (`catalog.text.with_text`) and `split`.
        config: How many of each kind, and the seed.
        context: The whole corpus, where `rows` is one piece of it that holds every row of its samples: foreign
            replies come from there, and it says which prompts carry a risk. Without it, the rows themselves.

    Raises:
        ValueError: If a column is missing, or a safety row has a label that is none.
    """
    config = config or SynthConfig()
    require_columns(rows)
    context = context or Context(rows)
    parents, skipped = _parents(rows)
    children: dict[str, dict[str, Any]] = {}
    lineage: list[dict[str, Any]] = []
    media: dict[str, dict[str, Any]] = {}
    for row in parents.iter_rows(named=True):
        for relation, make in _plan(row, config=config, context=context):
            try:
                child = make(rng=_random(config.seed, row["sample_id"], relation))
                born = _batch_row(row, child, relation)
                child_id = born["sample_id"]
                if child_id in context.sample_ids:
                    raise NotApplicable("already_there")
                twin = children.setdefault(child_id, born)
                if (twin["label"], twin["unsafe"]) != (born["label"], born["unsafe"]):
                    raise NotApplicable("conflicting_labels")
            except NotApplicable as why:
                skipped.append({"sample_id": row["sample_id"], "relation": relation, "reason": why.reason})
                continue
            facts = {"relation": relation, "seed": config.seed, "detail": json.dumps(child.detail, sort_keys=True)}
            lineage.append({"child_id": child_id, "parent_id": row["sample_id"], **facts, "asked": True})
            if child.donor_id:
                lineage.append({"child_id": child_id, "parent_id": child.donor_id, **facts, "asked": False})
            if child.media:
                media[child.media["media_id"]] = child.media
    return Derived(
        pl.DataFrame(list(children.values()), schema=pl.Schema(BATCH)).sort("sample_id"),
        pl.DataFrame(lineage, schema=LINEAGE).unique().sort("child_id", "parent_id", "relation"),
        pl.DataFrame(list(media.values()), schema=MEDIA).sort("media_id"),
        pl.DataFrame(skipped, schema=SKIPPED).unique().sort("sample_id", "relation"),
    )


def _parents(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Rows that may have children, once per sample and in the order of their ids, and why the others may not."""
    strange = rows.filter((pl.col("task") == "safety") & ~pl.col("label").is_in(SAFETY))
    if not strange.is_empty():
        raise ValueError(
            f"{strange.height} safety rows have a label that is none of the six, the first is sample "
            f"{strange['sample_id'][0]}; expected one of: {', '.join(SAFETY)}"
        )
    several = pl.struct("label", "unsafe").n_unique().over("sample_id") > 1
    reason = (
        pl.when(pl.col("source") == SOURCE)
        .then(pl.lit("derived"))
        .when(pl.col("task").ne_missing("safety"))
        .then(pl.lit("not_safety"))
        .when(pl.col("label").is_null() & pl.col("unsafe").is_null())
        .then(pl.lit("no_label"))
        .when(pl.col("split").is_null())
        .then(pl.lit("no_split"))
        .when(several)
        .then(pl.lit("conflicting_labels"))
    )
    judged = rows.with_columns(reason=reason)
    left_alone = judged.filter(pl.col("reason").is_not_null())
    skipped = left_alone.select("sample_id", pl.lit("derive").alias("relation"), "reason").to_dicts()
    # Of one sample met twice, the same occurrence is taken whatever the order.
    first = judged.filter(pl.col("reason").is_null()).sort("sample_id", "source", "file", "line", nulls_last=True)
    return first.unique("sample_id", keep="first", maintain_order=True), skipped


def _plan(row: Row, *, config: SynthConfig, context: Context) -> Iterator[tuple[str, Callable[..., Child]]]:
    """The transforms that this row's own random state chose, each under its name in the lineage."""
    rng = _random(config.seed, row["sample_id"], "plan")
    tongue = language(row["prompt"])
    attacks = [attack for attack in ATTACKS.values() if tongue is None or tongue in attack.languages]
    for attack in rng.sample(attacks, min(len(attacks), _times(config.attacks_per_row, rng=rng))):
        yield attack.relation, partial(attacked, row, attack)
    benign = context.is_benign(row["prompt_id"])
    outcomes = [(edit, edit.outcome(row["label"], row["unsafe"], benign_prompt=benign)) for edit in EDITS.values()]
    edits = [(edit, outcome) for edit, outcome in outcomes if outcome is not None]
    for edit, outcome in rng.sample(edits, min(len(edits), _times(config.counterfactuals_per_row, rng=rng))):
        yield edit.relation, partial(edited, row, edit, outcome, context=context, seed=config.seed)
    if _times(config.lifts_per_row, rng=rng):
        yield LIFT, partial(lifted, row)


def _times(mean: float, *, rng: Random) -> int:
    return int(mean) + (rng.random() < mean - int(mean))


def _random(seed: int, parent_id: str, purpose: str) -> Random:
    return Random(hashlib.sha256(canonical([seed, parent_id, purpose])).digest())


def _batch_row(row: Row, child: Child, relation: str) -> dict[str, Any]:
    return {
        "sample_id": sample_id(child.messages),
        "prompt_id": prompt_id(child.messages),
        "messages": child.messages,
        "source": SOURCE,
        "file": None,
        "line": None,
        "source_id": None,
        "source_label": relation,
        "source_group": row["source_group"],
        "task": "safety",
        "label": child.label,
        "unsafe": child.unsafe,
        "category": row["category"],
        "subcategory": row["subcategory"],
        "origin": "construction",
    }
