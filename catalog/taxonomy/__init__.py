"""The taxonomy: what a sample is about, in three dimensions of two levels, as versioned data with crosswalks.

`safety`, `value` and `knowledge` are YAML files beside this one; `crosswalks/` maps the labels of published schemes to
our ids. An id is a category (`violence`) or a sub-category (`violence/weapons`), and keeps its meaning for good.
"""

from functools import cache
from pathlib import Path

from catalog.taxonomy import checks
from catalog.taxonomy.crosswalk import Crosswalk, Match, Relation
from catalog.taxonomy.model import DIMENSIONS, VERSION, Dimension, Entry, Taxonomy, Words

__all__ = [
    "DIMENSIONS",
    "Crosswalk",
    "Dimension",
    "Entry",
    "Match",
    "Relation",
    "Taxonomy",
    "Words",
    "categories",
    "check",
    "crosswalk",
    "digest",
    "get",
    "load",
    "to_ours",
    "version",
]


@cache
def _shipped() -> Taxonomy:
    return Taxonomy.read(Path(__file__).parent)


def load(version: str | None = None) -> Taxonomy:
    """The taxonomy that ships with the project, for rows labelled under `version`.

    It reads every older version: ids are added, and ids that moved are named in `replaced_by`.

    Raises:
        ValueError: If `version` is newer than what ships, or no version at all.
    """
    shipped = _shipped()
    if version is not None and _parts(version) > _parts(shipped.version):
        raise ValueError(f"taxonomy {version} is newer than {shipped.version}, which is installed: update safeladder")
    return shipped


def _parts(version: str) -> tuple[int, ...]:
    match = VERSION.fullmatch(version)
    if match is None:
        raise ValueError(f"{version!r} is no taxonomy version; expected three numbers, as in 1.0.0")
    return tuple(map(int, match.groups()))


def categories(dimension: str) -> list[Entry]:
    """The first level of a dimension; see `Taxonomy.categories`."""
    return load().categories(dimension)


def get(id: str) -> Entry:
    """The entry of an id, old ids included; see `Taxonomy.get`."""
    return load().get(id)


def crosswalk(scheme: str) -> Crosswalk:
    """How the labels of a published scheme map to ours; see `Taxonomy.crosswalk`."""
    return load().crosswalk(scheme)


def to_ours(scheme: str, label: str) -> Match:
    """Where a label of a published scheme goes: `to_ours("llama-guard-3", "S9").ids`.

    Raises:
        KeyError: If the scheme or the label is not known; names the nearest where one is near.
    """
    return load().to_ours(scheme, label)


def version() -> str:
    """Version of the taxonomy that ships with the project."""
    return load().version


def digest() -> str:
    """Sha256 of all entries; see `Taxonomy.digest`."""
    return load().digest


def check(taxonomy: Taxonomy | None = None) -> list[str]:
    """What does not hold in a taxonomy, one line each; by default in the one that ships with the project."""
    return checks.check(taxonomy or load())
