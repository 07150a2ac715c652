"""Judge: what each judge says of the rows that were written, and the label that their words come to."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import polars as pl

from catalog import Accounting, Context, Output, Stage, Store, digest
from corpus.pieces import REASON_FAILED
from safeladder.pipeline.frames import annotations_of, empty, table
from safeladder.pipeline.generate import answers_of, finished, pictures, require_most, to_judge, upstream
from safeladder.pipeline.release import reviews
from safeladder.pipeline.verify import CHECKPOINTS, score_rows
from safeladder.recipe import GenerateConfig, JudgeConfig
from synth.generators import GENERATORS
from synth.inference import Engine, complete
from synth.judges import JUDGES, TASKS, Judgement, Rule, Subject, from_verdicts, settle

PREFIX = "judge:"
HARMLESS, BORDERLINE = ({GENERATORS[name].relation} for name in ("benign_twin", "borderline"))
STORED = {"unsafe": "safety", "refusal": "safety"}  # task of the rows that a judge's own task is about


def stages(config: GenerateConfig, store: Store, written: Sequence[Stage]) -> list[Stage]:
    """One stage per judge over all written rows with a reply, and one that settles their labels."""
    names = tuple(stage.name for stage in written)
    chain = [
        Stage(
            name=f"{PREFIX}{judge.name}",
            work=partial(_judge, config=config, judge=judge),
            after=names,
            config={"judge": f"{judge.name}@{JUDGES[judge.name].version}"},
            reads={"model": engine.identity} if (engine := _asked(config, judge)) else {},
        )
        for judge in config.judges
    ]
    if config.verifier:
        checkpoint_id = _checkpoint(store, config.verifier)
        chain.append(
            Stage(
                name=f"{PREFIX}verifier",
                work=partial(_judge_by_verifier, checkpoint_id=checkpoint_id),
                after=names,
                reads={"checkpoint": checkpoint_id},
            )
        )
    after = (*names, *(stage.name for stage in chain))
    settled = Stage(
        name="judged",
        work=partial(_settle, certain=config.certain),
        after=after,
        config={"certain": config.certain},
        reads={"reviews": digest(sorted(reviews(store)["annotation_id"]))},
    )
    return [*chain, settled]


def _checkpoint(store: Store, prefix: str) -> str:
    known = store.read("checkpoints").filter(pl.col("kind") == "verifier")["checkpoint_id"].to_list()
    found = [one for one in known if one.startswith(prefix)]
    if len(found) != 1:
        ids = ", ".join(one[:12] for one in known) or "none yet"
        raise LookupError(f"{len(found)} verifiers begin with {prefix!r}; there are: {ids}")
    return str(found[0])


def _open(context: Context) -> list[dict[str, Any]]:
    """Rows whose label does not follow from how they were made, once each: those that judges are for."""
    by_id = {row["sample_id"]: row for row in to_judge(upstream(context))}
    return [by_id[key] for key in sorted(by_id)]


def _subject(row: dict[str, Any]) -> Subject:
    return Subject(sample_id=row["sample_id"], messages=tuple(row["messages"]), gold=row["gold"])


def _asked(config: GenerateConfig, judge: JudgeConfig) -> Engine | None:
    """Whom a judge asks; a rule asks nobody."""
    return None if isinstance(JUDGES[judge.name], Rule) else judge.engine or config.writer


def _judge(context: Context, *, config: GenerateConfig, judge: JudgeConfig) -> Output:
    engine, asked = _asked(config, judge), JUDGES[judge.name]
    task = STORED.get(asked.task, asked.task)
    subjects = [_subject(row) for row in _open(context) if row["task"] in (None, task)]
    if isinstance(asked, Rule):
        return _said(judge.name, [asked.read(subject, []) for subject in subjects])
    assert engine, "the recipe was checked"
    requests = [(one, asked.requests(one, style=engine.style)) for one in subjects]
    replies = complete(
        [request for _, several in requests for request in several],
        engine,
        folder=context.workdir,
        answers=answers_of(context, f"judge:{judge.name}"),
        picture=pictures(context.store),
        executor=config.executor,
        tick=context.tick,
    )
    require_most(context, f"{PREFIX}{judge.name}", sum(reply.failure is not None for reply in replies), len(replies))
    by_id = {reply.id: reply for reply in replies}
    model = f"{engine.model}/{engine.identity[:12]}"
    read = partial(asked.read, model=model, style=engine.style)
    return _said(judge.name, [read(subject, [by_id[one.id] for one in several]) for subject, several in requests])


def _said(name: str, judgements: Sequence[Judgement]) -> Output:
    """Judgements as rows: one that failed is no judgement, and is asked again by another attempt."""
    rows = [
        {
            "sample_id": one.sample_id,
            "judge": one.judge,
            "task": one.task,
            "outcome": one.outcome,
            "label": one.label,
            "p": one.p,
            "probs": list(one.probs.values()) if one.probs else None,
            "score": one.score,
            "categories": list(one.ours),
            "refusal": one.refusal,
            "reason": one.reason,
        }
        for one in judgements
    ]
    frame = pl.DataFrame(rows, schema=empty("judgements").schema)  # guessed from the first rows, a null has no type
    failed = frame.filter(pl.col("outcome") == "failed")
    gone = failed.select("sample_id", reason="outcome", detail="reason")
    return Output(
        Accounting(frame.height, frame.height - failed.height, failed=failed.height),
        {
            "judgements": frame.join(failed, on="sample_id", how="anti"),
            "rejections": table("rejections", gone, stage=f"{PREFIX}{name}"),
        },
    )


def _judge_by_verifier(context: Context, *, checkpoint_id: str) -> Output:
    """What a verifier of the store says; a row with a picture is left out, since it reads text alone."""
    import verifiers

    subjects = [_subject(row) for row in _open(context) if row["task"] in (None, "safety")]
    asked = pl.DataFrame(
        [(one.sample_id, one.asked, one.response) for one in subjects if not one.images],
        schema={"sample_id": pl.String, "prompt": pl.String, "response": pl.String},
        orient="row",
    )
    if asked.is_empty():
        return _said("verifier", [])
    verifier = verifiers.load_verifier(context.store.path / CHECKPOINTS / checkpoint_id)
    scored, failed = score_rows(
        verifier,
        asked,
        folder=context.workdir,
        may_fail=0.1,
        tick=lambda done, total: context.tick(done, total, "rows"),
    )
    said = from_verdicts(table("verdicts", scored, checkpoint_id=checkpoint_id))
    judge = f"verifier@1/{checkpoint_id}"
    lost = [
        Judgement(outcome="failed", reason="raised", sample_id=id, judge=judge, task="safety")
        for id in failed["sample_id"]
    ]
    return _said("verifier", [*said, *lost])


def _settle(context: Context, *, certain: float) -> Output:
    """Rows with the label that the judges' words come to; a row without one is rejected with the word for why.

    A row that a judge's server did not answer about, and no other judge settled, has failed.
    """
    written = finished(upstream(context))
    stages = [stage for stage in context.upstream if stage.startswith(PREFIX)]
    said = pl.concat([empty("judgements"), *(context.read("judgements", stage).drop("stage_id") for stage in stages)])
    unanswered = {id for stage in stages for id in context.read("rejections", stage)["sample_id"]}
    words = settle([judgement(row) for row in said.iter_rows(named=True)], risky=_risky(context), certain=certain)
    word_of = {one.sample_id: one for one in words}
    reviewed = set(reviews(context.store)["sample_id"])
    kept: dict[str, dict[str, Any]] = {}
    gone: dict[str, dict[str, Any]] = {}
    twice = []
    for row in written:
        key, word = row["sample_id"], word_of.get(row["sample_id"])
        place = {"sample_id": key, "source": row["relation"]}
        if key in kept or key in gone:  # two generators wrote the same
            twice.append(place | {"reason": "said_before"})
        elif row["origin"] == "construction" or key in reviewed:  # its label follows from how it was made, or is given
            kept[key] = row
        elif word is None or word.reason:
            open_ = word.reason if word else "not_scored"
            gone[key] = place | {"reason": REASON_FAILED if open_ == "not_scored" and key in unanswered else open_}
        else:
            kept[key] = row | {"task": word.task, "label": word.label, "unsafe": word.unsafe, "origin": "machine"}
    working = pl.DataFrame(list(kept.values()), schema=empty("working").schema)
    columns = {"sample_id": pl.String, "reason": pl.String, "source": pl.String}
    rejected = pl.DataFrame([*gone.values(), *twice], schema=columns)
    failed = int((rejected["reason"] == REASON_FAILED).sum())
    return Output(
        Accounting(len(written), len(kept), rejected=rejected.height - failed, failed=failed),
        {
            "working": working,
            "annotations": annotations_of(working.filter(pl.col("origin") == "machine"), annotator=pl.lit("judges")),
            "rejections": table("rejections", rejected, stage="judged"),
        },
    )


def _risky(context: Context) -> dict[str, bool]:
    """Whether the request of a row carries a risk, where that is known.

    A category names a harm. What a generator of harmless requests wrote, and what was made of that, carries none; of a
    borderline request nobody can say, so nothing follows from a refusal of it.
    """
    rows = {row["sample_id"]: row for row in upstream(context)}
    known = {}
    for key, row in rows.items():
        made_by: set[str] = set()
        at: dict[str, Any] | None = row
        while at is not None and at["relation"] not in made_by:
            made_by.add(at["relation"])
            at = rows.get(at["parent_id"] or "")
        if made_by & BORDERLINE:
            continue
        if row["category"]:
            known[key] = True
        elif made_by & HARMLESS:
            known[key] = False
    return known


def judgement(row: Mapping[str, Any]) -> Judgement:
    """A row of the table as what it was."""
    same = ("sample_id", "judge", "task", "outcome", "label", "score", "refusal", "reason")
    facts = {key: row[key] for key in same}
    probs = dict(zip(TASKS[row["task"]].labels, row["probs"], strict=True)) if row["probs"] else None
    return Judgement(**facts, probs=probs)
