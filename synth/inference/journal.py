"""Answers on disk, each as it comes: what a killed job has been told is never asked again."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from catalog.ids import digest
from synth.inference.request import Reply, Request


class Journal:
    """A file of answers, appended to by one worker of one job.

    A line is written whole by one call, so that it is in the hands of the system when the process dies; half a line,
    left by a machine that died, is passed over when it is read. Failures go into another file, which each run begins
    anew: a failure is no answer, and is asked again.

    Args:
        folder: Where the failures of the job lie; it also names the file of answers, so that no two jobs share one.
        answers: Where answers lie, of this job and perhaps of others.
        rank: Number of the worker.
    """

    def __init__(self, folder: Path, *, answers: Path, rank: int) -> None:
        self._folder, self._answers, self._rank = folder, answers, rank
        self._files: dict[str, int] = {}

    def __enter__(self) -> Self:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        answers = self._answers / f"answers-{digest(str(self._folder.resolve()))[:12]}-{self._rank:05d}.jsonl"
        torn = answers.exists() and answers.stat().st_size > 0 and _last_byte(answers) != b"\n"
        self._files = {
            "answers": os.open(answers, flags, 0o600),
            "failures": os.open(self._folder / f"failures-{self._rank:05d}.jsonl", flags | os.O_TRUNC, 0o600),
        }
        if torn:
            os.write(self._files["answers"], b"\n")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for file in self._files.values():
            os.fsync(file)
            os.close(file)
        self._files = {}

    def write(self, request: Request, reply: Reply) -> None:
        """Keep a reply.

        Raises:
            OSError: If the disk is full or gone; the job stops there.
        """
        line = json.dumps({"request": request.digest, "reply": reply.model_dump()}).encode() + b"\n"
        file = self._files["failures" if reply.failure else "answers"]
        while line:
            line = line[os.write(file, line) :]


def replied(files: Iterable[Path], requests: Iterable[Request]) -> dict[str, Reply]:
    """Replies to these very requests by id, whichever worker wrote them; of several to one, the last."""
    wanted = {request.id: request.digest for request in requests}
    replies: dict[str, Reply] = {}
    for path in files:
        for line in lines(path):
            reply = line["reply"]
            if wanted.get(reply["id"]) == line["request"]:
                replies[reply["id"]] = Reply.model_validate(reply)
    return replies


def answers_in(folder: Path) -> list[Path]:
    """Files of answers, of all jobs that keep theirs there."""
    return sorted(folder.glob("answers-*.jsonl"))


def failures_in(folder: Path) -> list[Path]:
    """Files of what failed in the last run of a job."""
    return sorted(folder.glob("failures-*.jsonl"))


def lines(path: Path, *, start: int = 0, end: int | None = None) -> Iterator[dict[str, Any]]:
    """The whole lines of a journal from one byte to another; all of it where none are named."""
    with path.open("rb") as file:
        file.seek(start)
        for line in file:
            if end is not None and file.tell() > end:
                return
            try:
                yield json.loads(line)
            except ValueError:
                continue


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1)
