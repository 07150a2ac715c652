"""Let a generator work on items: rows, where each came from, and why there is none where there is none."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from catalog import taxonomy
from catalog.ids import prompt_id, sample_id
from catalog.schema import BATCH
from synth.errors import NotApplicable
from synth.generators import Generator, Item, Made, Unparsed
from synth.inference import Engine, Executor, Picture, Reply, Request, complete, no_pictures
from synth.inference.complete import Tick
from synth.inference.executors import HERE

SOURCE = "generated"
LINEAGE = {
    "child_id": pl.String,
    "parent_id": pl.String,
    "relation": pl.String,
    "seed": pl.Int64,
    "detail": pl.String,
}
GONE = {"sample_id": pl.String, "reason": pl.String, "detail": pl.String, "source": pl.String, "failed": pl.Boolean}


class Produced(NamedTuple):
    """What became of the answers that were asked for.

    Args:
        rows: `catalog.schema.BATCH` rows, once per sample.
        lineage: Rows of the table of that name, without `stage_id`; `detail` names model, prompts, sampling and what
            the generator knows of the row.
        gone: An answer without a row: `reason`, and `failed` where there was no answer. `sample_id` is the parent's.
        asked: Answers asked for: as many as gave rows and are `gone` together.
        answered: Of these, the ones that gave rows; a pair is one answer with two rows.
    """

    rows: pl.DataFrame
    lineage: pl.DataFrame
    gone: pl.DataFrame
    asked: int
    answered: int


def produce(
    generator: Generator,
    items: Sequence[Item],
    engine: Engine,
    *,
    folder: Path,
    seed: int = 0,
    n: int = 1,
    wanted: Mapping[str, str] | None = None,
    present: frozenset[str] = frozenset(),
    answers: Path | None = None,
    picture: Picture = no_pictures,
    executor: Executor = HERE,
    tick: Tick = lambda done, total, unit: None,
) -> Produced:
    """Ask a model what a generator asks about each item, and read the answers.

    Args:
        generator: What is made.
        items: What it is made of; ids must be unique.
        engine: Who is asked.
        folder: For the journal of the answers: a killed job goes on from there.
        seed: Same seed, items and model: same rows.
        n: Answers to each item.
        wanted: Label that a row is meant to end with, by the id of its item; kept in the lineage as `wanted`.
        present: Samples that there are: an answer that gives one of them again is none (`already_there`).
        answers: Where answers are kept, by default in `folder`; jobs may share it.
        picture: Gives the file of a `media_id`.
        executor: Where the workers run.
        tick: Told the progress.

    Raises:
        EndpointLost: If the server stops answering; what was answered is kept.
    """
    requests: dict[str, Request] = {}
    gone: list[dict[str, Any]] = []
    for item in items:
        try:
            requests[item.id] = generator.request(item, style=engine.style, seed=seed, n=n)
        except NotApplicable as why:
            gone += [_gone(item, generator, why.reason)] * n
    replies = complete(
        list(requests.values()), engine, folder=folder, answers=answers, picture=picture, executor=executor, tick=tick
    )
    drawn = []
    asked_items = [item for item in items if item.id in requests]
    for item, reply in zip(asked_items, replies, strict=True):
        if reply.failure:
            gone += [_gone(item, generator, reply.failure, detail=reply.detail, failed=True)] * n
        drawn += [(item, reply, number) for number in range(len(reply.choices))]
    read = generator.read_all([(item, reply.choices[number]) for item, reply, number in drawn])
    rows: dict[str, dict[str, Any]] = {}
    lineage: list[dict[str, Any]] = []
    answered = 0
    for (item, reply, number), found in zip(drawn, read, strict=True):
        if isinstance(found, Unparsed):
            gone.append(_gone(item, generator, found.reason, detail=_spent(reply)))
            continue
        born = {sample_id(one.messages): one for one in found}
        known = "already_there" if present & born.keys() else "said_before" if rows.keys() & born.keys() else None
        if known:
            gone.append(_gone(item, generator, known, detail=_spent(reply)))
            continue
        answered += 1
        request = requests[item.id]
        facts = _facts(generator, engine, request, reply, number) | _set(wanted=(wanted or {}).get(item.id))
        for key, one in born.items():
            rows[key] = _row(key, one, generator)
            detail = json.dumps(facts | _set(gold=one.gold, task=one.task) | one.detail, ensure_ascii=False)
            for parent_id in one.parent_ids or (_place(item),):
                link = {"child_id": key, "parent_id": parent_id, "relation": generator.relation}
                lineage.append(link | {"seed": request.sampling.seed, "detail": detail})
    return Produced(
        pl.DataFrame(list(rows.values()), schema=pl.Schema(BATCH)),
        pl.DataFrame(lineage, schema=LINEAGE),
        pl.DataFrame(gone, schema=GONE),
        len(items) * n,
        answered,
    )


def _gone(
    item: Item, generator: Generator, reason: str, *, detail: str | None = None, failed: bool = False
) -> dict[str, Any]:
    return {
        "sample_id": item.parent.sample_id if item.parent else None,
        "reason": reason,
        "detail": detail,
        "source": generator.relation,
        "failed": failed,
    }


def _facts(generator: Generator, engine: Engine, request: Request, reply: Reply, number: int) -> dict[str, Any]:
    sampling = request.sampling.model_dump(mode="json", exclude={"answer_schema", "seed", "stop"}, exclude_none=True)
    return {
        "model": engine.model,
        **_set(revision=engine.revision),
        "engine": engine.identity,
        "prompts": generator.fingerprint,
        "request": request.digest,
        "sampling": sampling,
        "answer": number,
        "prompt_tokens": reply.prompt_tokens,
        "tokens": _tokens(reply),
    }


def _tokens(reply: Reply) -> int:
    """Tokens of one answer; servers count those of all answers to a request together."""
    return round(reply.completion_tokens / len(reply.choices))


def _spent(reply: Reply) -> str:
    return json.dumps({"tokens": _tokens(reply)})


def _set(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _place(item: Item) -> str:
    """Parent of a row that was made of nothing but a cell of the taxonomy."""
    assert item.cell is not None
    return f"taxonomy/{taxonomy.load().version}/{item.cell.id}"


def _row(key: str, one: Made, generator: Generator) -> dict[str, Any]:
    known = one.label is not None or one.unsafe is not None
    return {
        "sample_id": key,
        "prompt_id": prompt_id(one.messages),
        "messages": one.messages,
        "source": SOURCE,
        "file": None,
        "line": None,
        "source_id": None,
        "source_label": generator.relation,
        "source_group": None,
        "task": one.task if known else None,
        "label": one.label,
        "unsafe": one.unsafe,
        "category": one.category,
        "subcategory": one.subcategory,
        "origin": "construction" if known else None,
    }
