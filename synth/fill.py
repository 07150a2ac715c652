"""From a plan to items: what each generator is given, so that its rows fall into the cells that the plan names."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from catalog.ids import canonical
from synth.balance import Job
from synth.errors import NotApplicable
from synth.generators import GENERATORS, Generator, Item, Parent
from synth.generators.reading import OTHER
from synth.language import Language, language

Row = Mapping[str, Any]  # columns of `catalog.schema.BATCH`, and `gold` and `wanted` where they are known

REPLIES = {"safety": "steered", "value": "value_pair", "knowledge": "knowledge_answer"}  # by task of the request
TURNS = {"escalation": "rollout"}  # whose rows are user turns alone, and who writes the replies between them
ANSWERING = {*REPLIES.values(), *TURNS.values()}
CHECKS = {"translate": "back_translate"}  # whose rows stand only if another generator confirms them


class Filled(NamedTuple):
    """Items, the label that each is meant to end with by its id, and how many the rows did not suffice for."""

    items: list[Item]
    wanted: dict[str, str]
    missing: int


NOTHING = Filled([], {}, 0)


def order(jobs: Sequence[Job]) -> list[str]:
    """Generators that the jobs take, those first whose rows others go on from; the ones that follow are among them."""
    named = {job.generator for job in jobs if job.generator in GENERATORS}
    named |= {after for before, after in CHECKS.items() if before in named}
    for generator in [GENERATORS[name] for name in named]:
        if generator.name in TURNS:
            named.add(TURNS[generator.name])
        elif generator.makes == "request" or generator.name in ("persona", "paraphrase"):
            tasks = (
                {generator.task} if generator.task else {job.task for job in jobs if job.generator == generator.name}
            )
            named |= {REPLIES[task] for task in tasks}
    level = {name: place for place, name in enumerate(GENERATORS)}
    return sorted(named, key=lambda name: (_floor(GENERATORS[name]), level[name]))


def _floor(generator: Generator) -> int:
    if generator.needs == ("cell",):
        return 0
    return {"request": 1, "rewrite": 2, "reply": 3}[generator.makes]


def fill(name: str, jobs: Sequence[Job], rows: Sequence[Row], *, seed: int = 0) -> Filled:
    """Items of a generator.

    Args:
        name: Key in `GENERATORS`.
        jobs: The whole plan.
        rows: What there is to go on from: rows of the corpus, and of the generators before it.
        seed: Decides which rows are taken where there are more than are needed.
    """
    return _merged(planned(name, jobs, rows, seed=seed), following(name, rows))


def planned(name: str, jobs: Sequence[Job], rows: Sequence[Row], *, seed: int = 0) -> Filled:
    """Items that the jobs of a generator ask for, as `fill`."""
    generator = GENERATORS[name]
    mine = [job for job in jobs if job.generator == name]
    if name in CHECKS.values():
        return NOTHING
    return _of_cells(mine) if generator.needs == ("cell",) else _of_rows(generator, mine, rows, seed=seed)


def following(name: str, rows: Sequence[Row]) -> Filled:
    """Items that follow from rows of the generators before: requests to answer, translations to confirm."""
    if name in CHECKS.values():
        return _checks(rows)
    return _answers(GENERATORS[name], rows) if name in ANSWERING else NOTHING


def _of_cells(jobs: Sequence[Job]) -> Filled:
    items, wanted = [], {}
    numbers: dict[tuple[str, str], int] = defaultdict(int)
    for job in jobs:
        place = job.subcategory or job.category
        if place is None:
            raise ValueError(f"the plan asks {job.generator} for rows without a sub-category: it starts from one")
        for _ in range(job.requests):
            item = Item.of_cell(place, job.language, number=numbers[place, job.language])
            numbers[place, job.language] += 1
            items.append(item)
            wanted[item.id] = job.label
    return Filled(items, wanted, 0)


def _of_rows(generator: Generator, jobs: Sequence[Job], rows: Sequence[Row], *, seed: int) -> Filled:
    items: dict[str, Item] = {}
    wanted, missing = {}, 0
    candidates = by_place(rows, generator.name, seed=seed)
    for job in jobs:
        left = job.requests
        for row in candidates(job, OTHER[job.language] if generator.across else job.language):
            if not left:
                break
            item = _fitting(generator, job, row)
            if item is not None and item.id not in items:
                items[item.id] = item
                wanted[item.id] = job.label
                left -= 1
        missing += left
    return Filled(list(items.values()), wanted, missing)


def _fitting(generator: Generator, job: Job, row: Row) -> Item | None:
    """The item of a row for a job, or None where the row does not lead into its cell."""
    if row["task"] not in (job.task, None) or (job.subcategory and row["subcategory"] != job.subcategory):
        return None
    if (job.modality == "image") != any(
        part["type"] == "image" for turn in row["messages"] for part in turn["content"]
    ):
        return None
    try:
        item = Item.of_row(row, intended=job.label if generator.intents else None, gold=row.get("gold"))
        if (OTHER[item.language] if generator.across else item.language) != job.language:
            return None
        if generator.name == "benign_twin" and not item.risky:
            return None
        if generator.makes == "rewrite" and not generator.intents and row["label"] not in (job.label, None):
            return None
        generator.require(item)
    except NotApplicable:
        return None
    return item


def _answers(generator: Generator, rows: Sequence[Row]) -> Filled:
    """Every request that was made for a label is answered, steered to it; the turns of a user by a policy."""
    items, wanted = [], {}
    for row in rows:
        made_by = (row.get("relation") or "").partition("@")[0]
        if made_by in CHECKS or row.get("wanted") is None:
            continue
        if generator.name != TURNS.get(made_by, REPLIES[row["task"]]):
            continue
        try:
            item = Item.of_row(row, intended=row["wanted"] if generator.intents else None, gold=row.get("gold"))
            if item.parent and item.parent.reply is not None:
                continue
            generator.require(item)
        except NotApplicable:
            continue
        items.append(item)
        wanted[item.id] = row["wanted"]
    return Filled(items, wanted, 0)


def _checks(rows: Sequence[Row]) -> Filled:
    """Every translation, with the row that it was made from, is translated back."""
    by_id = {row["sample_id"]: row for row in rows}
    items, wanted = [], {}
    for row in rows:
        origin = by_id.get(row.get("parent_id") or "")
        if row.get("relation", "").partition("@")[0] not in CHECKS or origin is None:
            continue
        item = Item.of_row({**row, "category": origin["category"], "subcategory": origin["subcategory"]})
        known = Parent(origin["sample_id"], origin["messages"], origin["task"], origin["label"], origin["unsafe"])
        item = replace(item, id=f"{item.id}/back", origin=known)
        items.append(item)
        if row.get("wanted"):
            wanted[item.id] = row["wanted"]
    return Filled(items, wanted, 0)


def _merged(*parts: Filled) -> Filled:
    items = {item.id: item for part in parts for item in part.items}
    wanted = {key: label for part in parts for key, label in part.wanted.items()}
    return Filled(list(items.values()), wanted, sum(part.missing for part in parts))


def by_place(rows: Sequence[Row], name: str, *, seed: int) -> Callable[[Job, Language], Sequence[Row]]:
    """A function from a job and a language to the rows that may lead into its cell, in an order that is drawn once.

    A job without a sub-category may start from rows of any.
    """
    drawn = sorted(rows, key=lambda row: hashlib.sha256(canonical([seed, name, row["sample_id"]])).digest())
    places: dict[tuple[str | None, str | None, str | None], list[Row]] = defaultdict(list)
    for row in drawn:
        tongue = language("\n".join(_asked(row)))
        places[row["task"], row["subcategory"], tongue].append(row)
        if row["subcategory"]:
            places[row["task"], None, tongue].append(row)
    return lambda job, tongue: places[job.task, job.subcategory, tongue]


def _asked(row: Row) -> Iterator[str]:
    """Texts of a row before its last reply."""
    messages = row["messages"]
    for message in messages[:-1] if messages[-1]["role"] == "assistant" else messages:
        yield from (part["text"] for part in message["content"] if part["type"] == "text")
