"""Ask for many answers: every request gets one reply, whatever breaks on the way."""

import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from synth.inference import journal
from synth.inference.asking import EndpointLost
from synth.inference.endpoint import Engine
from synth.inference.executors import HERE, Executor
from synth.inference.request import Reply, Request
from synth.inference.wire import Picture

Tick = Callable[[int, int, str], None]
LOOK_S = 0.5  # how often the journals are looked at for the progress


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
        folder: For the journal; a job may share it with others.
        picture: Gives the file of a `media_id`.
        executor: Where the workers run.
        tick: Told how many of how many requests are done, and the speed.

    Raises:
        ValueError: If two requests have the same id.
        EndpointLost: If the server stops answering. Every answer so far is kept.
        RuntimeError: If a worker dies, or a request comes out without a reply.
    """
    from datatrove.utils.logging import logger

    from synth.inference.runner import Asked, StrictRunner

    if twice := [key for key, times in Counter(request.id for request in requests).items() if times > 1]:
        raise ValueError(f"{len(twice)} ids stand for several requests, one of them is {twice[0]!r}")
    if not requests:
        return []
    own = folder / engine.identity[:16]
    own.mkdir(parents=True, exist_ok=True)
    _hand_out(requests, own, executor.tasks)
    logger.disable("datatrove")
    try:
        with _watched(own, len(requests), {request.id for request in requests}, tick):
            executor.run([Asked(own), StrictRunner(engine, own, picture=picture)], own)
    finally:
        logger.enable("datatrove")
    replies = journal.answered(own, requests)
    if lost := [request.id for request in requests if request.id not in replies]:
        raise RuntimeError(
            f"{len(lost)} of {len(requests)} requests came out without a reply, one of them is {lost[0]!r}; the others "
            f"are kept in {own}: run the same command again"
        )
    if all(reply.failure == "connection" for reply in replies.values()):
        raise EndpointLost(f"nobody answers for {engine.model!r}: none of {len(requests)} requests reached a server")
    return [replies[request.id] for request in requests]


def _hand_out(requests: Sequence[Request], folder: Path, tasks: int) -> None:
    """Cut the requests into as many files as there are tasks."""
    for stale in [*folder.glob("asked-*.jsonl"), *folder.glob("failures-*.jsonl")]:
        stale.unlink()
    shutil.rmtree(folder / "logs", ignore_errors=True)  # a task that datatrove remembers as done had other requests
    for task in range(tasks):
        beside = folder / f".asked-{task:05d}"
        beside.write_text("".join(json.dumps(r.model_dump()) + "\n" for r in requests[task::tasks]), encoding="utf-8")
        beside.rename(folder / f"asked-{task:05d}.jsonl")


@contextmanager
def _watched(folder: Path, total: int, ids: set[str], tick: Tick) -> Iterator[None]:
    """Tell the progress from the journals, wherever the workers that write them run."""
    done: set[str] = set()
    tokens = 0
    seen: dict[Path, int] = {}
    over = threading.Event()
    began = time.monotonic()

    def look(*, counted: bool) -> None:
        nonlocal tokens
        for path in [*folder.glob("answers-*.jsonl"), *folder.glob("failures-*.jsonl")]:
            size = path.stat().st_size
            for line in journal.lines(path, start=seen.get(path, 0), end=size):
                if line["reply"]["id"] in ids:
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
    requests: Sequence[Request], engine: Engine, *, folder: Path, picture: Picture = no_pictures, sample: int = 32
) -> Estimate:
    """Measure a part of a job, spread over it, and say what the whole will take.

    The answers of the part are kept: the job itself does not ask for them again.

    Raises:
        EndpointLost: If the server does not answer.
        ValueError: If there is nothing to ask, or no request of the part got an answer.
    """
    part = requests[:: max(1, len(requests) // sample)][:sample]
    began = time.monotonic()
    replies = [reply for reply in complete(part, engine, folder=folder, picture=picture) if not reply.failure]
    seconds = time.monotonic() - began
    if not replies:
        raise ValueError(f"none of {len(part)} requests got an answer: nothing can be said about the job")
    share = len(requests) / len(replies)
    written = sum(reply.completion_tokens for reply in replies)
    return Estimate(
        len(requests),
        round(share * sum(reply.prompt_tokens for reply in replies)),
        round(share * written),
        written / seconds,
        share * seconds / 3600,
    )
