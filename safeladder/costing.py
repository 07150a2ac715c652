"""What a run will ask of models: a few rows go the whole way, from the plan to the judges, and are scaled up."""

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from catalog import Store, digest
from catalog.files import LocalFiles
from safeladder.pipeline import generate, judge
from safeladder.recipe import GenerateConfig, JudgeConfig, Recipe
from synth import fill
from synth.generators import GENERATORS
from synth.inference import estimate
from synth.inference.journal import lines
from synth.judges import JUDGES, Rule, Subject
from synth.produce import produce

# A tenth of the items of a generator, and of the requests of a judge, are tried, at least and at most so many.
LEAST, MOST = 8, 32
LONG_H = 0.5  # hours from which a run is asked for twice

One = TypeVar("One")
Row = dict[str, Any]


class Part(NamedTuple):
    """What one stage will take; None where nothing can be said.

    Args:
        stage: A generator or a judge, as the run names it; `total` adds up what is known.
        requests: Requests to a model. The plan says how many a generator gets; how many follow from their answers (to
            reply to them, and to judge the replies) is what the tried ones gave.
        parsed: Share of the tried answers that gave rows; of a generator alone.
        prompt_tokens: Tokens that the model reads.
        tokens: Tokens that it writes.
        hours: As long as the tried ones took, with as many at once as were tried: a server that takes more is faster.
        known: `measured`; `unknown` where nothing could be tried; `at least` for a sum that leaves something out.
    """

    stage: str
    requests: int | None = None
    parsed: float | None = None
    prompt_tokens: int | None = None
    tokens: int | None = None
    hours: float | None = None
    known: Literal["measured", "unknown", "at least"] = "unknown"


NONE = Part("", 0, None, 0, 0, 0.0, "measured")


def cost(recipe: Recipe, store: Store, *, kept: Path | None = None) -> list[Part]:
    """Let a few rows go the whole way, and scale up: a part for each generator and judge that asks a model.

    Args:
        recipe: What is to be written.
        store: Has the release whose rows may be gone on from.
        kept: Folder for what was measured, so that the same question asks the server once. The answers themselves are
            not kept: a second time they would come at once.

    Raises:
        EndpointLost: If the server does not answer.
    """
    config = recipe.generate
    assert config is not None
    parents = generate.parents_of(config, store)
    what = config.model_dump(mode="json", exclude={"executor", "certain", "verifier"})
    asking = [GENERATORS[name].fingerprint for name in fill.order(config.jobs)]
    asking += [f"{one.name}@{JUDGES[one.name].version}" for one in config.judges]
    name = f"{digest([what, asking, recipe.seed, parents, LEAST, MOST, Part._fields])}.json"
    if kept and (kept / name).exists():
        return [Part(*part) for part in json.loads((kept / name).read_bytes())]
    with tempfile.TemporaryDirectory() as folder:
        parts = _tried(config, store, parents, seed=recipe.seed, folder=Path(folder))
    if kept:
        LocalFiles(kept).put(name, json.dumps(parts).encode())
    return parts


def total(parts: Sequence[Part]) -> Part:
    """What is known of all parts together."""

    def add(values: Sequence[Any]) -> Any:
        return sum(value for value in values if value is not None)

    whole = all(part.known == "measured" and None not in (part.prompt_tokens, part.tokens) for part in parts)
    return Part(
        "total",
        requests=add([part.requests for part in parts]),
        prompt_tokens=add([part.prompt_tokens for part in parts]),
        tokens=add([part.tokens for part in parts]),
        hours=add([part.hours for part in parts]),
        known="measured" if whole else "at least",
    )


@dataclass
class _Trial:
    """Rows that were tried, and for each how many rows of the run it stands for.

    `whole` as long as all that the run will ask was tried: then what is not there will not be there.
    """

    config: GenerateConfig
    store: Store
    seed: int
    folder: Path
    rows: list[Row]
    stands_for: dict[str, float] = field(default_factory=dict)
    whole: bool = True

    def nothing(self, stage: str, requests: int = 0) -> Part:
        """A part of which nothing was tried: there is nothing to do, or nobody knows."""
        return NONE._replace(stage=stage) if self.whole else Part(stage, requests or None)

    def write(self, name: str) -> Part:
        """Try a generator."""
        generator, n, config = GENERATORS[name], generate.answers_each(self.config, name), self.config
        assert config.writer, "the recipe was checked"
        planned = fill.planned(name, config.jobs, self.rows, seed=self.seed)
        following = fill.following(name, self.rows)
        # Rows to go on from are fewer here than in the run, unless all was tried.
        wanted = sum(job.requests for job in config.jobs if job.generator == name) - self.whole * planned.missing
        more = sum(self.stands_for[item.parent.sample_id] for item in following.items if item.parent)
        asked = wanted + more
        chosen = (*_spread(planned.items, of=wanted), *_spread(following.items, of=more))
        items = list({item.id: item for item in chosen}.values())
        stage, folder = f"{generate.PREFIX}{name}", self.folder / name
        if not items:
            return self.nothing(stage, round(asked))
        began = time.monotonic()
        made = produce(
            generator,
            items,
            config.writer,
            folder=folder,
            seed=self.seed,
            n=n,
            wanted=planned.wanted | following.wanted,
            present=generate.present(name, self.rows),
            picture=generate.pictures(self.store),
        )
        seconds, scale = time.monotonic() - began, asked / len(items)
        found = generate.with_facts(made.rows, made.lineage)
        self.rows += found
        self.stands_for |= {row["sample_id"]: scale for row in found}
        self.whole = self.whole and scale == 1
        replies = [line["reply"] for path in folder.rglob("answers-*.jsonl") for line in lines(path)]
        requests = len(replies) + int(made.gone["failed"].sum()) / n
        return Part(
            stage,
            round(scale * requests),
            round(made.answered / made.asked, 3),
            _tokens(scale * sum(reply["prompt_tokens"] for reply in replies)),
            _tokens(scale * sum(reply["completion_tokens"] for reply in replies)),
            scale * seconds / 3600,
            "measured",
        )

    def judge(self, one: JudgeConfig) -> Part:
        """Try a judge on the rows that came of the generators."""
        asked, engine = JUDGES[one.name], one.engine or self.config.writer
        assert engine, "the recipe was checked"
        task, stage = judge.STORED.get(asked.task, asked.task), f"{judge.PREFIX}{one.name}"
        requests, expected = [], 0.0
        for row in generate.to_judge([row for row in self.rows if row["sample_id"] in self.stands_for]):
            if row["task"] in (None, task):
                subject = Subject(sample_id=row["sample_id"], messages=tuple(row["messages"]), gold=row["gold"])
                several = asked.requests(subject, style=engine.style)
                requests += several
                expected += self.stands_for[row["sample_id"]] * len(several)
        if not requests:
            written = {job.task for job in self.config.jobs if job.generator in GENERATORS}
            return self.nothing(stage) if task in written else NONE._replace(stage=stage)
        picture, sample = generate.pictures(self.store), _few(expected)
        found = estimate(requests, engine, folder=self.folder / stage, picture=picture, sample=sample)
        scale = expected / len(requests)
        return Part(
            stage,
            round(expected),
            None,
            _tokens(scale * found.prompt_tokens),
            _tokens(scale * found.completion_tokens),
            scale * found.hours,
            "measured",
        )


def _tried(config: GenerateConfig, store: Store, parents: str | None, *, seed: int, folder: Path) -> list[Part]:
    for slow in ("synth.inference.runner", "aiohttp"):  # loaded once a run, so not by the clock
        import_module(slow)
    trial = _Trial(config, store, seed, folder, generate.parent_rows(store, parents))
    written = [trial.write(name) for name in fill.order(config.jobs)]
    return written + [trial.judge(one) for one in config.judges if not isinstance(JUDGES[one.name], Rule)]


def _tokens(number: float) -> int | None:
    """As a server counted them; not every one does."""
    return round(number) or None


def _few(of: float) -> int:
    return min(MOST, max(LEAST, round(of / 10)))


def _spread(items: Sequence[One], *, of: float) -> Sequence[One]:
    """A few of them, evenly spread."""
    few = _few(of)
    return items[:: max(1, len(items) // few)][:few]
