"""From a recipe to its chain of stages."""

from pathlib import Path

from catalog import Stage, Store, releases
from corpus.sources import Source
from safeladder.pipeline import clean, copies, derive, exams, generate, ingest, judge, reinforce, release, verify
from safeladder.recipe import Recipe


def stages(recipe: Recipe, store: Store, data: Path, *, workers: int = 1) -> list[Stage]:
    """The stages of a recipe in order.

    Args:
        recipe: What to make.
        store: Asked for the reviews that a release uses.
        data: Root of the local copies of public sets.
        workers: Processes for the stages that can use them; changes no result.

    Raises:
        FileNotFoundError: If a source's files are not under the data root.
    """
    ingests = ingest.stages(recipe.sources, data, workers=workers)
    written: list[Stage] = []
    made_from = None
    if recipe.generate:
        made_from = generate.parents_of(recipe.generate, store)
        written = generate.stages(recipe.generate, store, seed=recipe.seed)
        written += judge.stages(recipe.generate, store, written)
    given = [stage.name for stage in ingests] + [stage.name for stage in written[-1:]]
    licenses = {source.slug: source.license for source in map(Source.load, recipe.sources)}
    against = releases.find_release(store, recipe.dedup.against)["release_id"] if recipe.dedup.against else None
    chain = [
        *ingests,
        *written,
        clean.filter_stage(recipe.filter, given, workers=workers),
        copies.dedup_stage(recipe.dedup, licenses=licenses, against=against, workers=workers),
    ]
    if recipe.decontaminate:
        chain.append(exams.stage(recipe.decontaminate, workers=workers))
    chain.append(clean.split_stage(recipe.split, after=chain[-1].name, seed=recipe.seed, made_from=made_from))
    if recipe.synth:
        chain.append(derive.stage(recipe.synth, workers=workers, sides=recipe.split, seed=recipe.seed))
    chain.append(
        release.stage(recipe.release, store, after=[stage.name for stage in chain], exams=recipe.decontaminate)
    )
    if recipe.verifier:
        chain += [verify.train_stage(recipe.verifier), verify.score_stage()]
    if recipe.rl:
        chain.append(reinforce.stage(recipe.rl))
    return chain
