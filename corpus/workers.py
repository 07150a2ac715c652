"""Worker processes: they do jobs side by side, and none outlives the process that started it, however that one dies."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def each(work: Callable[[Job], Result], jobs: Iterable[Job], *, workers: int) -> Iterator[Result]:
    """Do every job and give the results as they come, in no order; one worker works in this process.

    Args:
        work: A function that another process can import; its results should be small.
        jobs: What to do, the order in which they are begun.
        workers: Processes.

    Raises:
        RuntimeError: If a worker dies, as when it is killed or memory runs out. What a job raises is raised too, and
            jobs that were not begun are left.
    """
    listed = list(jobs)
    count = min(workers, len(listed))
    if count <= 1:
        yield from map(work, listed)
        return
    pool = ProcessPoolExecutor(count, mp_context=get_context("forkserver"), initializer=_begin)
    try:
        for future in as_completed([pool.submit(work, job) for job in listed]):
            yield future.result()
    except BrokenProcessPool as error:
        raise RuntimeError(
            "a worker died, killed or out of memory; the pieces that were finished are kept: run the same command again"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    # A pool's worker waits for jobs for ever: its queue stays open as long as any worker lives.
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
