"""Ask for many answers: every request gets one reply, whatever breaks on the way."""

import json
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from synth.inference.asking import EndpointLost
from synth.inference.endpoint import Engine
from synth.inference.executors import HERE, Executor
from synth.inference.journal import answers_in, failures_in, lines, replied
from synth.inference.request import Reply, Request
from synth.inference.wire import Picture

Tick = Callable[[int, int, str], None]
LOOK_S = 1.0  # how often the journals are looked at for the progress


def no_pictures(media_id: str) -> bytes:
    """For jobs of text alone.

    Raises:
        LookupError: Always; a request names a picture that nobody gave.
    """
    raise LookupError(f"a request shows picture {media_id}, and the job was given no pictures")


def complete(
    requests: Sequence[Request],
    engine: Engine,
    *,
    folder: Path,
    answers: Path | None = None,
    picture: Picture = no_pictures,
    executor: Executor = HERE,
    tick: Tick = lambda done, total, unit: None,
) -> list[Reply]:
    """Replies in the order of the requests, one each; those without an answer say why in `failure`.

    A job that was killed goes on where it was when it is called again with the same folder: with more or other
    requests, another number of workers, or another address of the same model. Another model or another revision begins
    anew. A failure is no answer: a later call asks again.

    Args:
        requests: What to ask; ids must be unique.
        engine: Whom.
        folder: For what the job is doing: its requests, what failed, logs. No other job may run in it meanwhile.
        answers: For the answers, by default `folder`. Jobs may share it, also while they run.
        picture: Gives the file of a `media_id`.
        executor: Where the workers run.
        tick: Told how many of how many requests are done, and the speed.

    Raises:
        ValueError: If two requests have the same id.
        EndpointLost: If the server stops answering, or no request got an answer. Every answer so far is kept.
        RuntimeError: If a worker dies, or a request comes out without a reply.
    """
    from datatrove.utils.logging import logger

    from synth.inference.runner import Asked, StrictRunner

    if twice := [key for key, times in Counter(request.id for request in requests).items() if times > 1]:
        raise ValueError(f"{len(twice)} ids stand for several requests, one of them is {twice[0]!r}")
    if not requests:
        return []
    own, kept = (place / engine.identity[:16] for place in (folder, answers or folder))
    replies = replied(answers_in(kept), requests)
    if len(replies) == len(requests):  # then no server needs to start
        tick(len(requests), len(requests), "requests")
        return [replies[request.id] for request in requests]
    for place in (own, kept):
        place.mkdir(parents=True, exist_ok=True)
    _hand_out(requests, own, executor.tasks)
    logger.disable("datatrove")
    try:
        with _watched(own, kept, requests, tick):
            runner = StrictRunner(engine, own, answers=kept, picture=picture)
            executor.run([Asked(own, answers=kept), runner], own)
    finally:
        logger.enable("datatrove")
    replies = replied([*failures_in(own), *answers_in(kept)], requests)
    if lost := [request.id for request in requests if request.id not in replies]:
        raise RuntimeError(
            f"{len(lost)} of {len(requests)} requests came out without a reply, one of them is {lost[0]!r}; the others "
            f"are kept in {kept}: run the same command again"
        )
    if all(reply.failure for reply in replies.values()):
        raise EndpointLost(_nothing_came(engine, list(replies.values())))
    return [replies[request.id] for request in requests]


def _nothing_came(engine: Engine, replies: Sequence[Reply]) -> str:
    ((failure, times),) = Counter(reply.failure for reply in replies).most_common(1)
    detail = next(reply.detail for reply in replies if reply.failure == failure)
    return f"none of {len(replies)} requests to {engine.name} got an answer; {times} met {failure} ({detail})"


def _hand_out(requests: Sequence[Request], folder: Path, tasks: int) -> None:
    """Cut the requests into as many files as there are tasks."""
    for stale in [*folder.glob("asked-*.jsonl"), *failures_in(folder)]:
        stale.unlink()
    shutil.rmtree(folder / "logs", ignore_errors=True)  # a task that datatrove remembers as done had other requests
    for task in range(tasks):
        beside = folder / f".asked-{task:05d}"
        with open(beside, "w", encoding="utf-8", opener=_private) as file:
            file.writelines(json.dumps(request.model_dump()) + "\n" for request in requests[task::tasks])
        beside.rename(folder / f"asked-{task:05d}.jsonl")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def _watched(folder: Path, kept: Path, requests: Sequence[Request], tick: Tick) -> Iterator[None]:
    """Tell the progress from the journals, wherever the workers that write them run."""
    wanted, total = {request.id: request.digest for request in requests}, len(requests)
    done: set[str] = set()
    tokens = 0
    seen: dict[Path, int] = {}
    over = threading.Event()
    began = time.monotonic()

    def look(*, counted: bool) -> None:
        nonlocal tokens
        for path in [*answers_in(kept), *failures_in(folder)]:
            size = path.stat().st_size
            for line in lines(path, start=seen.get(path, 0), end=size):
                if wanted.get(line["reply"]["id"]) == line["request"]:
                    done.add(line["reply"]["id"])
                    tokens += line["reply"]["completion_tokens"] if counted else 0
            seen[path] = size
        rate = tokens / max(time.monotonic() - began, 1e-9)
        tick(len(done), total, f"requests, {rate:,.0f} tokens/s")

    look(counted=False)

    def watch() -> None:
        while not over.wait(LOOK_S):
            look(counted=True)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    tick(total, total, "requests")


class Estimate(NamedTuple):
    """What a job will take, from a part of it that was done. Tokens are of the whole job."""

    requests: int
    prompt_tokens: int
    completion_tokens: int
    tokens_per_s: float
    hours: float


def estimate(
    requests: Sequence[Request],
    engine: Engine,
    *,
    folder: Path,
    answers: Path | None = None,
    picture: Picture = no_pictures,
    sample: int = 32,
) -> Estimate:
    """Measure a part of a job, spread over it, and say what the whole will take.

    The answers of the part are kept: the job itself does not ask for them again.

    Raises:
        EndpointLost: If the server does not answer, or no request of the part got an answer.
        ValueError: If there is nothing to ask.
    """
    if not requests:
        raise ValueError("there is nothing to ask, so nothing to measure")
    part = requests[:: max(1, len(requests) // sample)][:sample]
    began = time.monotonic()
    replies = complete(part, engine, folder=folder, answers=answers, picture=picture)
    told = [reply for reply in replies if not reply.failure]
    seconds = time.monotonic() - began
    share = len(requests) / len(told)
    written = sum(reply.completion_tokens for reply in told)
    return Estimate(
        len(requests),
        round(share * sum(reply.prompt_tokens for reply in told)),
        round(share * written),
        written / seconds,
        share * seconds / 3600,
    )
