"""Generate: one stage per generator, one per judge, and one that decides what the judges' words come to."""

import json
from functools import partial
from typing import Any

import polars as pl

from catalog import Accounting, Context, Output, Stage, Store, releases
from safeladder.pipeline.frames import annotations_of, samples_of, table
from safeladder.recipe import GenerateConfig
from synth import fill, produce
from synth.generators import GENERATORS

PREFIX = "synth:"
FACTS = ("wanted", "gold", "task")  # what the lineage of a generated row says of it, for those who go on from it


def stages(config: GenerateConfig, store: Store, *, seed: int) -> list[Stage]:
    """The generators in order; each may go on from the rows of those before it, and from the parents' release."""
    parents = str(releases.find_release(store, config.parents)["release_id"]) if config.parents else None
    chain: list[Stage] = []
    for name in fill.order(config.jobs):
        generator = GENERATORS[name]
        mine = [job.model_dump(mode="json") for job in config.jobs if job.generator == name]
        n = config.rollouts if name.startswith("rollout") else 1
        chain.append(
            Stage(
                name=f"{PREFIX}{name}",
                work=partial(_write, config=config, name=name, parents=parents, seed=seed, n=n),
                after=tuple(stage.name for stage in chain),
                config={"jobs": mine, "n": n, "seed": seed, "generator": generator.relation},
                reads={"model": config.writer.identity, "prompts": generator.fingerprint} | _named(parents),
            )
        )
    return chain


def _named(parents: str | None) -> dict[str, str]:
    return {"parents": parents} if parents else {}


def _write(context: Context, *, config: GenerateConfig, name: str, parents: str | None, seed: int, n: int) -> Output:
    rows = [*_parents(context.store, parents), *upstream(context)]
    filled = fill.fill(name, config.jobs, rows, seed=seed)
    made = produce.produce(
        GENERATORS[name],
        filled.items,
        config.writer,
        folder=context.workdir,
        seed=seed,
        n=n,
        wanted=filled.wanted,
        picture=context.store.get_media,
        executor=config.executor,
        tick=context.tick,
    )
    missing = pl.DataFrame({"reason": ["no_parent"] * filled.missing, "failed": [False] * filled.missing})
    gone = pl.concat([made.gone, missing], how="diagonal")
    failed = int(made.gone["failed"].sum())
    return Output(
        Accounting(
            made.asked + filled.missing,
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
        },
    )


def _parents(store: Store, release_id: str | None) -> list[dict[str, Any]]:
    """Rows of a release, as generators go on from them."""
    if release_id is None:
        return []
    rows = releases.release_rows(store, release_id).unique("sample_id", keep="first", maintain_order=True)
    labels = rows.select("sample_id", "task", "label", "unsafe", "category")
    found = store.read("samples").unique("sample_id", keep="first").join(labels, on="sample_id")
    named = store.read("annotations").drop_nulls("subcategory").unique("sample_id", keep="first", maintain_order=True)
    found = found.join(named.select("sample_id", "subcategory"), on="sample_id", how="left").sort("sample_id")
    return list(found.iter_rows(named=True))


def upstream(context: Context) -> list[dict[str, Any]]:
    """Rows of the generators before this one, with what their lineage says of them."""
    rows = []
    for stage in (stage for stage in context.upstream if stage.startswith(PREFIX)):
        links = context.read("lineage", stage).unique("child_id", keep="first", maintain_order=True)
        known = {
            child: (parent, relation, json.loads(detail))
            for child, parent, relation, detail in links.select(
                "child_id", "parent_id", "relation", "detail"
            ).iter_rows()
        }
        for row in context.read("working", stage).iter_rows(named=True):
            parent_id, relation, detail = known[row["sample_id"]]
            facts = {key: detail.get(key) for key in FACTS}
            rows.append(
                row | facts | {"parent_id": parent_id, "relation": relation, "task": row["task"] or facts["task"]}
            )
    return rows
