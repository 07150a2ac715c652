"""Let a generator work on items: rows, where each came from, and why there is none where there is none."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from catalog import taxonomy
from catalog.ids import prompt_id, sample_id
from catalog.schema import BATCH
from synth import rounds
from synth.generators import Generator, Item, Made
from synth.inference import Engine, Executor, Picture, complete, no_pictures
from synth.inference.complete import Tick
from synth.inference.executors import HERE
from synth.rounds import Answer

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
        n: Answers to each item; several to a conversation whose replies are missing are several conversations.
        wanted: Label that a row is meant to end with, by the id of its item; kept in the lineage as `wanted`.
        present: Samples that there are: an answer that gives one of them again is none (`already_there`).
        answers: Where answers are kept, by default in `folder`; jobs may share it.
        picture: Gives the file of a `media_id`.
        executor: Where the workers run.
        tick: Told the progress.

    Raises:
        EndpointLost: If the server stops answering; what was answered is kept.
    """
    ask = partial(
        complete, engine=engine, folder=folder, answers=answers, picture=picture, executor=executor, tick=tick
    )
    rows: dict[str, dict[str, Any]] = {}
    lineage: list[dict[str, Any]] = []
    gone: list[dict[str, Any]] = []
    answered = 0
    for answer in rounds.answers(generator, items, ask, style=engine.style, seed=seed, n=n):
        item = answer.item
        if isinstance(answer.found, str):
            gone.append(_gone(answer, generator, answer.found))
            continue
        born = {sample_id(one.messages): one for one in answer.found}
        known = "already_there" if present & born.keys() else "said_before" if rows.keys() & born.keys() else None
        if known:
            gone.append(_gone(answer, generator, known))
            continue
        answered += 1
        facts = _facts(generator, engine, answer) | _set(wanted=(wanted or {}).get(item.id))
        for key, one in born.items():
            rows[key] = _row(key, one, generator)
            detail = json.dumps(facts | _set(gold=one.gold, task=one.task) | one.detail, ensure_ascii=False)
            for parent_id in one.parent_ids or (_place(item),):
                link = {"child_id": key, "parent_id": parent_id, "relation": generator.relation}
                lineage.append(link | {"seed": answer.turns[-1].request.sampling.seed, "detail": detail})
    return Produced(
        pl.DataFrame(list(rows.values()), schema=pl.Schema(BATCH)),
        pl.DataFrame(lineage, schema=LINEAGE),
        pl.DataFrame(gone, schema=GONE),
        len(items) * n,
        answered,
    )


def _gone(answer: Answer, generator: Generator, reason: str) -> dict[str, Any]:
    parent = answer.item.parent
    return {
        "sample_id": parent.sample_id if parent else None,
        "reason": reason,
        "detail": _told(answer),
        "source": generator.relation,
        "failed": answer.failed,
    }


def _told(answer: Answer) -> str | None:
    """Why an answer failed, or what it cost; of a conversation also at which turn it ended."""
    if not answer.turns:
        return None
    of = len(answer.item.parent.unanswered) if answer.item.parent else 1
    why = answer.turns[-1].reply.detail if answer.failed else None
    if of == 1 and answer.failed:
        return why
    place = {"turn": len(answer.turns), "turns": of} if of > 1 else {}
    return json.dumps({"tokens": _tokens(answer)} | place | _set(why=why), ensure_ascii=False)


def _facts(generator: Generator, engine: Engine, answer: Answer) -> dict[str, Any]:
    """What a row says of how it was made; request and answer are those of its last reply, `replies` has them all."""
    last = answer.turns[-1]
    left_out = {"answer_schema", "seed", "stop"}
    replies = [
        {"request": turn.request.digest, "seed": turn.request.sampling.seed, "tokens": turn.tokens}
        for turn in answer.turns
    ]
    return {
        "model": engine.model,
        **_set(revision=engine.revision),
        "engine": engine.identity,
        "prompts": generator.fingerprint,
        "request": last.request.digest,
        "sampling": last.request.sampling.model_dump(mode="json", exclude=left_out, exclude_none=True),
        "answer": last.number,
        "prompt_tokens": sum(turn.reply.prompt_tokens for turn in answer.turns),
        "tokens": _tokens(answer),  # before those of the replies: `rates` reads the first that stands there
        **_set(replies=replies if len(replies) > 1 else None),
    }


def _tokens(answer: Answer) -> int:
    return sum(turn.tokens for turn in answer.turns)


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
