"""Generate: one stage per generator, one per judge, and one that decides what the judges' words come to."""

import json
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import polars as pl

from catalog import Accounting, Context, Output, Stage, Store, digest, releases, with_text
from catalog.schema import BATCH
from safeladder.pipeline.frames import annotations_of, empty, samples_of, table
from safeladder.recipe import GenerateConfig
from synth import fill, model_free, produce
from synth.attacks import ATTACKS
from synth.counterfactuals import EDITS
from synth.generators import GENERATORS
from synth.images import LIFT
from synth.inference import Picture

PREFIX = "synth:"
MAY_FAIL = 0.1  # share of a stage's requests
MODEL_FREE = ("lift", "attacks", "edits")
KNOWN = ("sample_id", "messages", "task", "label", "unsafe", "category", "subcategory")
PARENT = {name: pl.Schema(BATCH)[name] for name in KNOWN} | {"prompt_id": pl.String, "split": pl.String}
FACTS = ("wanted", "gold", "task")  # what the lineage of a generated row says of it, for those who go on from it


def stages(config: GenerateConfig, store: Store, *, seed: int) -> list[Stage]:
    """The generators in order; each may go on from the rows of those before it, and from the parents' release."""
    parents = parents_of(config, store)
    chain = [_free_stage(config, store, name, parents, seed) for name in MODEL_FREE if _jobs(config, name)]
    for name in fill.order(config.jobs):
        generator = GENERATORS[name]
        mine = _jobs(config, name)
        n = answers_each(config, name)
        alone = generator.needs == ("cell",)  # reads no rows: what comes before it changes nothing
        assert config.writer, "the recipe was checked"
        chain.append(
            Stage(
                name=f"{PREFIX}{name}",
                work=partial(_write, config=config, name=name, parents=None if alone else parents, seed=seed, n=n),
                after=() if alone else tuple(stage.name for stage in chain),
                config={"jobs": mine, "n": n, "seed": seed, "generator": generator.relation},
                reads={"model": config.writer.identity, "prompts": generator.fingerprint}
                | ({} if alone else _named(store, parents)),
                version=2,
            )
        )
    return chain


def parents_of(config: GenerateConfig, store: Store) -> str | None:
    """Id of the release whose rows may be gone on from."""
    return str(releases.find_release(store, config.parents)["release_id"]) if config.parents else None


def answers_each(config: GenerateConfig, name: str) -> int:
    """Answers of a generator to one item."""
    return config.rollouts if name.startswith("rollout") else 1


def _jobs(config: GenerateConfig, name: str) -> list[dict[str, Any]]:
    return [job.model_dump(mode="json") for job in config.jobs if job.generator == name]


def _free_stage(config: GenerateConfig, store: Store, name: str, parents: str | None, seed: int) -> Stage:
    """A stage that needs no model."""
    drawn_from = {"lift": [LIFT]} | {
        kind: [one.relation for one in known.values()] for kind, known in (("attacks", ATTACKS), ("edits", EDITS))
    }
    return Stage(
        name=f"{PREFIX}{name}",
        work=partial(_derive, config=config, name=name, parents=parents, seed=seed),
        config={"jobs": _jobs(config, name), "seed": seed, "transforms": drawn_from[name]},
        reads=_named(store, parents),
    )


def _derive(context: Context, *, config: GenerateConfig, name: str, parents: str | None, seed: int) -> Output:
    rows = with_text(pl.DataFrame(parent_rows(context.store, parents), schema=PARENT)).iter_rows(named=True)
    made, media = model_free.make(name, config.jobs, list(rows), seed=seed)
    for picture in media:
        context.store.put_media(picture["data"])
    return _output(name, made, media=media)


def _named(store: Store, parents: str | None) -> dict[str, str]:
    """What is read of a release: its rows, and the sub-categories that its samples have here."""
    if parents is None:
        return {}
    places = _subcategories(store, releases.release_rows(store, parents))
    return {"parents": parents, "subcategories": digest(places.sort("sample_id").rows())}


def _subcategories(store: Store, rows: pl.DataFrame) -> pl.DataFrame:
    named = store.read("annotations").drop_nulls("subcategory").join(rows, on="sample_id", how="semi")
    return named.group_by("sample_id").agg(pl.col("subcategory").min())


def _write(context: Context, *, config: GenerateConfig, name: str, parents: str | None, seed: int, n: int) -> Output:
    rows = [*parent_rows(context.store, parents), *upstream(context)]
    filled = fill.fill(name, config.jobs, rows, seed=seed)
    assert config.writer, "the recipe was checked"
    made = produce.produce(
        GENERATORS[name],
        filled.items,
        config.writer,
        folder=context.workdir,
        answers=answers_of(context, name),
        seed=seed,
        n=n,
        wanted=filled.wanted,
        present=present(name, rows),
        picture=pictures(context.store),
        executor=config.executor,
        tick=context.tick,
    )
    lost = int(made.gone["failed"].sum())
    require_most(context, f"{PREFIX}{name}", lost, made.asked)
    return _output(name, made, missing=filled.missing * n)


def present(name: str, rows: Sequence[dict[str, Any]]) -> frozenset[str]:
    """Samples that a generator is not to give again; a translation that is confirmed is given once more."""
    return frozenset() if name in fill.CHECKS.values() else frozenset(row["sample_id"] for row in rows)


def answers_of(context: Context, name: str) -> Path:
    """Where the answers to a generator or judge are kept: a later plan, or another attempt, asks only what is new."""
    return context.store.path / "work" / "answers" / name


def require_most(context: Context, stage: str, failed: int, asked: int) -> None:
    """Stop a stage of whose requests too many got no answer: that is not the rows.

    Raises:
        RuntimeError: If more than `MAY_FAIL` of them failed, unless they are asked for the second time.
    """
    if failed > MAY_FAIL * asked and not context.before:
        raise RuntimeError(
            f"stage {stage}: {failed} of {asked} requests got no answer, so nothing of it was committed; the answers "
            "that came are kept: run the same command again when the server is well"
        )


def pictures(store: Store) -> Picture:
    """Gives the file of a `media_id`, in this process and in others."""
    return partial(_picture, store.path)


@cache
def _opened(path: Path) -> Store:
    return Store(path)


def _picture(path: Path, media_id: str) -> bytes:
    return _opened(path).get_media(media_id)


def _output(name: str, made: produce.Produced, *, missing: int = 0, media: Sequence[dict[str, Any]] = ()) -> Output:
    """Accounting and tables; what the plan asked for and no row could be found for is rejected as `no_parent`."""
    wanting = pl.DataFrame({"reason": ["no_parent"] * missing, "failed": [False] * missing})
    gone = pl.concat([made.gone, wanting], how="diagonal")
    failed = int(made.gone["failed"].sum())
    return Output(
        Accounting(
            made.asked + missing,
            made.answered,
            rejected=gone.height - failed,
            failed=failed,
            created=made.rows.height - made.answered,
        ),
        {
            "working": table("working", made.rows),
            "samples": samples_of(made.rows),
            "annotations": annotations_of(made.rows, annotator=pl.col("source_label")),
            "lineage": table("lineage", made.lineage),
            "rejections": table("rejections", gone, stage=f"{PREFIX}{name}"),
            "media": table("media", pl.DataFrame(media, infer_schema_length=None).drop("data"))
            if media
            else empty("media"),
        },
    )


def _media(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    if not rows:
        return empty("media")
    return table("media", pl.DataFrame(rows, infer_schema_length=None).drop("data"))


def parent_rows(store: Store, release_id: str | None) -> list[dict[str, Any]]:
    """Rows of a release, as generators go on from them."""
    if release_id is None:
        return []
    rows = releases.release_rows(store, release_id).unique("sample_id", keep="first", maintain_order=True)
    labels = rows.select("sample_id", "task", "label", "unsafe", "category", "split")
    found = store.read("samples").unique("sample_id", keep="first").join(labels, on="sample_id")
    found = found.join(_subcategories(store, rows), on="sample_id", how="left").sort("sample_id")
    return list(found.iter_rows(named=True))


def upstream(context: Context) -> list[dict[str, Any]]:
    """Rows of the generators before this one, with what their lineage says of them."""
    stages = [stage for stage in context.upstream if stage.startswith(PREFIX)]
    return [
        row for stage in stages for row in with_facts(context.read("working", stage), context.read("lineage", stage))
    ]


def with_facts(rows: pl.DataFrame, lineage: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows of a generator with what their lineage says of them: `parent_id`, `relation` and `FACTS`."""
    links = lineage.unique("child_id", keep="first", maintain_order=True)
    known = {
        child: (parent, relation, json.loads(detail))
        for child, parent, relation, detail in links.select("child_id", "parent_id", "relation", "detail").iter_rows()
    }
    found = []
    for row in rows.iter_rows(named=True):
        parent_id, relation, detail = known[row["sample_id"]]
        facts = {key: detail.get(key) for key in FACTS}
        found.append(row | facts | {"parent_id": parent_id, "relation": relation, "task": row["task"] or facts["task"]})
    return found


def finished(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with a reply or a label: a request alone was written to be answered, a translation to be confirmed."""
    return [
        row
        for row in rows
        if (row["messages"][-1]["role"] == "assistant" or row["origin"] == "construction")
        and row["relation"].partition("@")[0] not in fill.CHECKS
    ]


def to_judge(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of these the rows whose label a judge is to say: some labels follow from how a row was made."""
    return [row for row in finished(rows) if row["origin"] != "construction"]
