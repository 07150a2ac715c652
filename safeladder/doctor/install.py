"""Python, the project itself, modules of others in front of ours, and every version against its range."""

import importlib.util
import json
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions, version
from pathlib import Path
from urllib.parse import unquote, urlparse

from packaging.specifiers import SpecifierSet

from safeladder.doctor import packages
from safeladder.doctor.finding import Finding, Request, missing, ok, wrong

FLOORS = ("catalog", "corpus", "synth", "annotate", "verifiers", "train")
NEEDED_FOR = {
    "train": "training verifiers, scoring with them, RL",
    "annotate": "human review",
    "postgres": "a ledger that many hosts share",
    "s3": "segments and media on S3",
    "dev": "tests and checks of the project itself",
}


def look(_: Request) -> Iterator[Finding]:
    """Look at the installation."""
    yield _python()
    yield _project()
    yield from _shadowed()
    for extra, asked in packages.requirements().items():
        yield from _group(extra, asked)
    yield from packages.clashes()


def _python() -> Finding:
    found, asked = platform.python_version(), packages.python_range()
    if SpecifierSet(asked).contains(found, prereleases=True):
        return ok(f"python {found} in {sys.prefix}")
    if packages.is_checkout():
        mend = f"cd {packages.ROOT} && rm -r .venv && make PYTHON=python3.11 .venv/installed"
    else:
        mend = "python3.11 -m venv safeladder && safeladder/bin/pip install safeladder"
    return wrong(f"python is {found}, asked for is {asked}", mend)


def _project() -> Finding:
    """Whether what is installed is what runs."""
    homes = [
        _editable(each) or Path(str(each.locate_file(""))).resolve()
        for each in distributions(name="safeladder")
        if each.read_text("RECORD") is not None  # not what a build leaves in a checkout
    ]
    if packages.ROOT in homes:
        kind = "editable install" if packages.is_checkout() else "wheel"
        return ok(f"safeladder {version('safeladder')}, {kind}, in {packages.ROOT}")
    if homes:
        return wrong(f"safeladder runs from {packages.ROOT}, installed is {homes[0]}", packages.install_extra())
    return missing(
        f"safeladder runs from {packages.ROOT} without being installed; needed for the command `safeladder`",
        packages.install_extra(),
    )


def _editable(known: Distribution) -> Path | None:
    found = json.loads(known.read_text("direct_url.json") or "{}")
    return Path(unquote(urlparse(found["url"]).path)) if found.get("dir_info", {}).get("editable") else None


def _shadowed() -> Iterator[Finding]:
    clean = True
    for name in FLOORS:
        spec = importlib.util.find_spec(name)
        found = Path(spec.origin).resolve() if spec and spec.origin else None
        others = packages.owners_of(name)
        if found and packages.ROOT in found.parents and not others:
            continue
        clean = False
        if others:
            mend = packages.uninstall(*others)
            yield wrong(f"`{name}` is a module of {', '.join(others)} too; `import {name}` finds {found}", mend)
        else:
            mend = packages.away(found.parent.parent if found.name == "__init__.py" else found.parent) if found else ""
            yield wrong(f"`import {name}` finds {found or 'nothing'}", mend or packages.install_extra())
    if clean:
        yield ok(f"{', '.join(FLOORS)}: ours")


def _group(extra: str, asked: list) -> Iterator[Finding]:  # type: ignore[type-arg]
    gone = [each.name for each in asked if packages.installed(each.name) is None]
    off = [each for each in asked if packages.misfit(each)]
    name = f"extra {extra}" if extra else "the base"
    for each in off:
        found = packages.installed(each.name)
        yield wrong(f"{each.name} is {found}, asked for is {each}", packages.install(str(each)))
    if gone and extra:
        use = NEEDED_FOR.get(extra, f"what {extra} does")
        yield missing(f"{name}: not installed are {', '.join(gone)}; needed for {use}", packages.install_extra(extra))
    elif gone:
        yield wrong(f"{name}: not installed are {', '.join(gone)}", packages.install_extra())
    elif not off:
        yield ok(f"{name}: {len(asked)} packages, each in its range")
