"""Derive: attack variants, counterfactual edits and typographic images from the rows that stayed."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

import synth
from catalog import Accounting, Context, Output, Stage, Store, digest, with_text
from corpus import pieces
from safeladder.pipeline import deriving
from safeladder.pipeline.frames import annotations_of, samples_of, table
from safeladder.recipe import SplitConfig
from synth.context import Context as Around
from synth.derived import Derived, merged, none
from synth.harmless import harmless
from synth.images import BENIGN, LIFT
from synth.language import Language, language

PIECE_SAMPLES = 128  # some seconds of drawing
LANGUAGES: tuple[Language, ...] = ("en", "zh")
EVEN = SplitConfig()

Thing = TypeVar("Thing")


def stage(config: synth.SynthConfig, *, workers: int = 1, sides: SplitConfig = EVEN, seed: int = 0) -> Stage:
    """Make labelled variants, and harmless pictures beside those that were lifted.

    Args:
        config: How many.
        workers: Processes; they change no result.
        sides: A variant stands where its parent stands; a harmless picture has no parent, and gets these shares.
        seed: Of the sides.
    """
    relations = [one.relation for one in synth.ATTACKS.values()] + [one.relation for one in synth.EDITS.values()]
    placed = {"calibration": sides.calibration, "test": sides.test, "split_seed": seed}
    drawn = {"harmless": [maker.relation for maker in BENIGN.values()], "sides": placed} if config.benign_images else {}
    return Stage(
        name="synth",
        work=lambda context: _derive(context, config, placed, workers),
        after=("split",),
        config=config.model_dump(mode="json") | {"transforms": [*relations, LIFT]} | drawn,
        version=2,  # 1 made no harmless pictures
    )


def _derive(context: Context, config: synth.SynthConfig, placed: dict[str, float], workers: int) -> Output:
    corpus = context.store.path, context.upstream["split"]
    rows, around = _corpus(*corpus)
    asked = rows.filter(pl.col("task") == "safety")["sample_id"].unique().sort().to_list()
    others = rows.filter(~pl.col("sample_id").is_in(asked))

    def make(folder: str, work: Callable[..., deriving.Frames], groups: Iterable[list[Any]]) -> list[deriving.Piece]:
        cut = [deriving.Piece(context.workdir / folder / digest(group), partial(work, group)) for group in groups]
        deriving.make_all(
            cut, context.store, workers=workers, tick=lambda done, total: context.tick(done, total, "pieces")
        )
        return cut

    may_fail = 1.0 if context.before else 0.1
    variants = make("variants", partial(_variants, corpus=corpus, config=config, may_fail=may_fail), _cut(asked))
    made = merged([synth.derive(others, config=config, context=around), *map(_read, variants)])
    splits = [_placed(made, rows)]
    for tongue, count in _wanted(made, config.benign_images).items():
        options: dict[str, Any] = {"language": tongue, "seed": config.seed, **placed}
        pictures = make(f"harmless-{tongue}", partial(_harmless, **options), _cut(range(count)))
        made = merged([made, *map(_read, pictures)])
        splits += [deriving.read(piece, "splits") for piece in pictures]
    failed = [rows.select("sample_id").clear(), *(deriving.read(piece, "failed") for piece in variants)]
    met = rows.select("sample_id", "source", "file", "line")
    rejected = met.join(pl.concat(failed, how="diagonal"), on="sample_id").sort(met.columns)
    height = context.read("working", "split").height
    _corpus.cache_clear()
    return Output(
        # A row without a side, or with two, is no longer one row: the numbers do not add up and nothing is committed.
        Accounting(height, rows.height - rejected.height, failed=rejected.height, created=made.rows.height),
        {
            "samples": samples_of(made.rows),
            "annotations": annotations_of(made.rows, annotator=pl.col("source_label")),
            "lineage": table("lineage", made.lineage),
            "media": table("media", made.media),
            "rejections": table("rejections", rejected, stage="synth"),
            "skipped": table("skipped", made.skipped, stage="synth"),
            "splits": table("splits", pl.concat(splits).unique("sample_id", keep="first", maintain_order=True)),
        },
    )


@lru_cache(maxsize=1)
def _corpus(store: Path, split: str) -> tuple[pl.DataFrame, Around]:
    """The rows that the split stage placed, once in every worker."""
    opened = Store(store)
    sides = opened.read("splits", batch_id=split).select("sample_id", "split", "cluster_id")
    rows = with_text(opened.read("working", batch_id=split)).join(sides, on="sample_id")
    return rows, Around(rows)


def _cut(things: Sequence[Thing]) -> list[list[Thing]]:
    return [list(things[start : start + PIECE_SAMPLES]) for start in range(0, len(things), PIECE_SAMPLES)]


def _variants(
    ids: list[str], *, corpus: tuple[Path, str], config: synth.SynthConfig, may_fail: float
) -> deriving.Frames:
    rows, around = _corpus(*corpus)
    made: list[Derived] = []

    def work(part: pl.DataFrame) -> pl.DataFrame:
        made.append(synth.derive(rows.join(part, on="sample_id", how="semi"), config=config, context=around))
        return part

    _, failed = pieces.isolate(pl.DataFrame({"sample_id": ids}), work, may_fail=may_fail)
    return merged([none(), *made])._asdict() | {"failed": failed}


def _harmless(numbers: list[int], **options: Any) -> deriving.Frames:
    found = harmless(numbers, **options)
    return found.made._asdict() | {"splits": found.splits}


def _read(piece: deriving.Piece) -> Derived:
    return Derived(*(deriving.read(piece, name) for name in Derived._fields))


def _wanted(made: Derived, share: float) -> dict[Language, int]:
    """Harmless pictures by language: a share of the unsafe rows that were lifted."""
    unsafe = made.rows.filter((pl.col("source_label") == LIFT) & pl.col("unsafe"))
    tongues = [language(prompt) for prompt in with_text(unsafe)["prompt"]]
    return {tongue: round(share * tongues.count(tongue)) for tongue in LANGUAGES}


def _placed(made: Derived, parents: pl.DataFrame) -> pl.DataFrame:
    """Split and cluster of each child: those of the parent whose request it has."""
    places = parents.select(parent_id="sample_id", split="split", cluster_id="cluster_id")
    return (
        made.lineage.filter("asked")
        .join(places, on="parent_id")
        .sort("child_id", "parent_id")
        .unique("child_id", keep="first", maintain_order=True)
        .select("split", "cluster_id", sample_id="child_id")
        .select("sample_id", "split", "cluster_id")
    )
