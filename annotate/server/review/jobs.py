"""Argilla's background jobs on threads of the server itself, instead of Redis and a worker.

Ordinary labelling queues nothing. What does is a changed overlap (statuses are counted anew) and webhooks. A job that
a crash cut off is lost: saving the dataset's settings again starts it again.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

LOG = logging.getLogger("argilla.jobs")


def install() -> None:
    """Let both queues start threads, and let Argilla's start-up find a Redis that answers."""
    from argilla_server.jobs import queues

    queues.HIGH_QUEUE.enqueue_call = start
    queues.DEFAULT_QUEUE.enqueue_call = start
    queues.REDIS_CONNECTION.ping = lambda *_, **__: True


def start(func: Callable, args: tuple = (), kwargs: dict | None = None, retry: Any = None, **_: Any) -> None:
    """Run a job on its own thread, again after each of its retry's intervals while it fails.

    Raises:
        UnprocessableEntityError: For an import from or export to a hub, which this server does not offer.
    """
    from argilla_server.errors.future import UnprocessableEntityError

    if func.__module__.endswith("hub_jobs"):
        raise UnprocessableEntityError("this server does not talk to a hub: use safeladder annotate push and pull")
    times = retry.max if retry else 0
    intervals = list(retry.intervals or [0]) if retry else []
    waits = [intervals[min(i, len(intervals) - 1)] for i in range(times)]
    threading.Thread(target=_run, args=(func, args, kwargs or {}, waits), daemon=True, name="argilla-job").start()


def _run(func: Callable, args: tuple, kwargs: dict, waits: list[int]) -> None:
    for wait in [*waits, None]:
        try:
            return asyncio.run(func(*args, **kwargs))
        except Exception:
            LOG.exception("%s failed, %s", func.__name__, "for good" if wait is None else f"again in {wait} s")
            time.sleep(wait or 0)
