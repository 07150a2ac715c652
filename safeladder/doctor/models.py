"""Model weights on this machine: the offline pack, and the cache of the model hub."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from safeladder.doctor.finding import Finding, Request, missing, ok, wrong


def look(_: Request) -> Iterator[Finding]:
    """Look into the caches."""
    from catalog import models

    for name, packed in models.PACK.items():
        folder = models.cache() / "models" / name.replace("/", "--")
        fetch = f"safeladder models fetch {name}"
        if not folder.is_dir():
            yield missing(f"{name} is not fetched; needed for {packed.about}", fetch)
        elif not any(folder.rglob("*.safetensors")):
            yield wrong(f"{folder} holds no weights", f"rm -r {shlex.quote(str(folder))} && {fetch}")
        else:
            yield ok(f"{name} in {folder}")
    hub = _hub()
    cached = sorted(path.name.removeprefix("models--").replace("--", "/") for path in hub.glob("models--*"))
    offline = "; the hub is not asked (HF_HUB_OFFLINE=1)" if os.environ.get("HF_HUB_OFFLINE") == "1" else ""
    yield ok(f"hub cache {hub}: {', '.join(cached) or 'no model'}{offline}")


def _hub() -> Path:
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    return Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
