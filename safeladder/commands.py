"""The words that started a run, kept beside its report: `safeladder status` ends with them."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

RETRY = "--retry-failed"


def remember(store: Path, run_id: str, command: Sequence[str]) -> None:
    """Keep the command of a run; the one that started it last stands."""
    path = _place(store, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(list(command), ensure_ascii=False), encoding="utf-8")
    beside.replace(path)


def remembered(store: Path, run_id: str, *, retry: bool = False) -> str | None:
    """The command of a run as a line for a shell; with `retry`, the one that does its failed rows again.

    None for a run that kept none.
    """
    path = _place(store, run_id)
    if not path.exists():
        return None
    words = json.loads(path.read_text(encoding="utf-8"))
    return shlex.join(words + [RETRY] * (retry and RETRY not in words))


def _place(store: Path, run_id: str) -> Path:
    return store / "runs" / run_id[:12] / "command.json"
