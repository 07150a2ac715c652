"""Installed packages against what the project asks for, and the commands that mend them."""

import os
import shlex
import sys
import sysconfig
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata, packages_distributions, requires, version
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

from safeladder.doctor.finding import Finding, missing, ok, wrong

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
BASE = ""


class Owner(NamedTuple):
    """Whose a file is: the module that a program imports, and how to put it right."""

    module: str
    mend: str


def is_checkout() -> bool:
    """Whether this runs from a checkout and not from an installed wheel."""
    return (ROOT / "pyproject.toml").exists()


@cache
def python_range() -> str:
    """The versions of Python that the project is made for."""
    return str(_project()["requires-python"] if is_checkout() else metadata("safeladder")["Requires-Python"])


@cache
def requirements() -> dict[str, list[Requirement]]:
    """What the project asks for, by extra; `BASE` is what it cannot do without."""
    if is_checkout():
        project = _project()
        groups = {BASE: project["dependencies"], **project["optional-dependencies"]}
        return {name: [Requirement(text) for text in group] for name, group in groups.items()}
    asked = [Requirement(text) for text in requires("safeladder") or ()]
    base = [each for each in asked if _applies(each, BASE)]
    extras = metadata("safeladder").get_all("Provides-Extra") or ()
    return {
        BASE: base,
        **{name: [each for each in asked if _applies(each, name) and each not in base] for name in extras},
    }


def _project() -> dict:  # type: ignore[type-arg]
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _applies(requirement: Requirement, extra: str = BASE) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


@cache
def installed(name: str) -> str | None:
    """Version of a package, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def misfit(requirement: Requirement) -> str | None:
    """The installed version where it is not one of those asked for."""
    found = installed(requirement.name)
    return found if found and not requirement.specifier.contains(found, prereleases=True) else None


def check(*names: str, needed_for: str = "") -> Iterator[Finding]:
    """Whether packages of the project are here, in a version that it asks for.

    Args:
        names: As in `pyproject.toml`.
        needed_for: What cannot be done without them, where they are an extra.
    """
    for name in names:
        extra, asked = _asked(name)
        found = installed(name)
        if found is None and extra == BASE:
            yield wrong(f"{name} is not installed", install(name))
        elif found is None:
            yield missing(f"{name} is not installed; needed for {needed_for}", install_extra(extra))
        elif misfit(asked):
            yield wrong(f"{name} is {found}, asked for is {asked}", install(str(asked)))
        else:
            yield ok(f"{name} {found}")


def _asked(name: str) -> tuple[str, Requirement]:
    return next((extra, each) for extra, group in requirements().items() for each in group if each.name == name)


def clashes() -> Iterator[Finding]:
    """What the packages of the project ask of each other, and of others, that does not hold here."""
    asked = {each.name for group in requirements().values() for each in group if installed(each.name)}
    for name in sorted(asked):
        for requirement in map(Requirement, requires(name) or ()):
            if not _applies(requirement):
                continue
            if installed(requirement.name) is None:
                yield wrong(f"{name} needs {requirement}, which is not installed", install(str(requirement)))
            elif found := misfit(requirement):
                mend = install(name, requirement.name)
                yield wrong(f"{name} needs {requirement}, but {found} is installed", f"{mend} --upgrade")


def owner_of(file: str) -> Owner | None:
    """Whose a file is; None for our own and for Python's."""
    path = Path(file)
    homes = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    for entry in sorted({Path(entry).absolute() for entry in sys.path}, key=lambda p: -len(p.parts)):
        if entry not in path.parents:
            continue
        module = path.relative_to(entry).parts[0].removesuffix(".py")
        if entry in homes:
            names = _distributions().get(module, [module])
            return Owner(module, f"{install(*names)} --force-reinstall --no-deps")
        if entry == ROOT or entry.is_relative_to(sysconfig.get_path("stdlib")):
            return None
        return Owner(module, away(entry))
    return None


def away(entry: Path) -> str:
    """How to keep modules in a folder from being imported instead of others."""
    if str(entry) in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        return f"unset PYTHONPATH  # it names {entry}"
    if entry == Path.cwd():
        return "cd  # anywhere else"
    return f"{shlex.quote(sys.executable)} -m site  # what names {entry} there must go"


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def owners_of(module: str) -> list[str]:
    """Distributions that install a top-level module, our own aside."""
    return sorted(set(_distributions().get(module, [])) - {"safeladder"})


def install(*names: str) -> str:
    """The command that installs packages here, in the versions that were tested."""
    return shlex.join([*_pip("install"), *names, *_constraints()])


def install_extra(*extras: str) -> str:
    """The command that installs the project with extras."""
    wanted = f"[{','.join(extras)}]" if extras else ""
    what = ["-e", f"{ROOT}{wanted}"] if is_checkout() else [f"safeladder{wanted}"]
    return shlex.join([*_pip("install"), *what, *_constraints()])


def install_all() -> str:
    """The command that completes what is here: the base, and each extra of which something is."""
    here = [name for name, group in requirements().items() if name and any(installed(each.name) for each in group)]
    return install_extra(*here)


def uninstall(*names: str) -> str:
    """The command that removes packages."""
    return shlex.join([*_pip("uninstall"), "-y", *names])


def _pip(verb: str) -> Iterable[str]:
    return (sys.executable, "-m", "pip", verb)


def _constraints() -> list[str]:
    return ["-c", str(CONSTRAINTS)] if CONSTRAINTS.exists() else []
