"""Ask about the areas in a process that may die."""

import faulthandler
import json
import os
import re
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from safeladder.doctor.finding import Finding, Request, wrong

AREAS = (
    "install",
    "catalog",
    "corpus",
    "synth",
    "annotate",
    "verifiers",
    "train",
    "store",
    "postgres",
    "s3",
    "data",
    "models",
    "gpu",
)
PATIENCE_S = 120  # for all areas together
# The paths of this process, so that what shadows a module here shadows it there.
PROGRAM = "import sys; sys.path[:] = sys.argv[2:]; from safeladder.doctor.ask import answer; answer(sys.argv[1])"


def examine(store: Path, data: Path, area: str | None = None, *, full: bool = False) -> list[Finding]:
    """Look at every area, or more closely at one.

    Args:
        store: Folder of the store.
        data: Folder with local copies of public sets.
        area: One of `AREAS`.
        full: Read every file of the store; it takes as long as it takes.

    Raises:
        LookupError: If there is no such area.
    """
    if area is not None and area not in AREAS:
        raise LookupError(f"no area {area!r}; there are: {', '.join(AREAS)}")
    request = Request(store, data, alone=area is not None, full=full)
    left = [area] if area else list(AREAS)
    found = []
    while left:
        lines, end, files = _ask(request, left)
        for line in lines:
            if "done" in line:
                left.remove(line["done"])
            else:
                found.append(Finding(**line))
        if left:  # it died, or hangs, in the first of them
            found.append(replace(_blame(end, files), area=left.pop(0)))
    return found


def _ask(request: Request, areas: Sequence[str]) -> tuple[list[dict[str, Any]], str, list[str]]:
    """What a process says of the areas, how it ended, and the files it was in, innermost first, if it died."""
    question = [str(request.store), str(request.data), request.alone, request.full, *areas]
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(question), *sys.path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=None if request.full else subprocess.PIPE,  # a full reading shows its progress
        text=True,
        errors="replace",
    )
    try:
        out, said = child.communicate(timeout=None if request.full else PATIENCE_S)
        end = ((said or "").strip().splitlines() or ["no message"])[-1]
        if child.returncode < 0:
            end = f"Python was killed by {signal.Signals(-child.returncode).name}"
    except subprocess.TimeoutExpired:
        child.kill()
        out, said = child.communicate()
        end = f"no answer within {PATIENCE_S} s"
    lines = [json.loads(line) for line in out.splitlines() if line.endswith("}")]
    return lines, end, re.findall(r'File "(.+?)", line', said or "")


def answer(question: str) -> None:
    """What the process does: print each finding as soon as it is known, and the name of each area that is done."""
    store, data, alone, full, *areas = json.loads(question)
    request = Request(Path(store), Path(data), alone=alone, full=full)
    faulthandler.enable()
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no finding
    for area in areas:
        for finding in _look(area, request):
            print(json.dumps(asdict(replace(finding, area=area))), file=out)
        print(json.dumps({"done": area}), file=out)
    os._exit(0)  # libraries that crash or hang while they leave have answered already


def _look(area: str, request: Request) -> Iterator[Finding]:
    try:
        yield from import_module(f"safeladder.doctor.{area}").look(request)
    except Exception as error:  # whatever a broken installation raises is a finding
        files = [frame.filename for frame in reversed(traceback.extract_tb(error.__traceback__))]
        if isinstance(error, ImportError) and error.path:
            files.insert(0, error.path)
        reason = (str(error).strip().splitlines() or [""])[0]
        yield _blame(f"{type(error).__name__}: {reason}", files)


def _blame(reason: str, files: list[str]) -> Finding:
    """The finding for a check that broke off: the innermost file that is not ours tells which package broke it."""
    from safeladder.doctor import packages

    if not reason.startswith("ModuleNotFoundError"):
        for file in files:
            if owner := packages.owner_of(file):
                return wrong(f"the module {owner.module} broke the check: {reason} ({file})", owner.mend)
    return wrong(f"the check broke off: {reason}", packages.install_all())
