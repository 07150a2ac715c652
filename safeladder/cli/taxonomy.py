"""`taxonomy`: the categories of samples, and how other people's labels map to them."""

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from safeladder.cli.console import DidNotHold, JsonOption, emit, say

if TYPE_CHECKING:
    from catalog.taxonomy import Entry
    from corpus.sources import Source

app = typer.Typer(
    no_args_is_help=True, help="Categories of safety, value and knowledge, and how other people's labels map to them."
)


class Dimension(StrEnum):
    """What a category is about."""

    safety = "safety"
    value = "value"
    knowledge = "knowledge"


class Language(StrEnum):
    """The language of names and definitions."""

    en = "en"
    zh = "zh"


@app.command("show")
def show(
    id: Annotated[str | None, typer.Argument(help="Category or sub-category; without it, all categories")] = None,
    dimension: Annotated[Dimension | None, typer.Option(help="One dimension only")] = None,
    language: Annotated[Language, typer.Option(help="Language of names and definitions")] = Language.en,
    as_json: JsonOption = False,
) -> None:
    """Categories with their definitions; `--json` without an id gives the sub-categories too.

    Examples: `safeladder taxonomy show`, `safeladder taxonomy show violence --language zh`,
    `safeladder taxonomy show violence/weapons`
    """
    from catalog import taxonomy

    if id and dimension:
        raise ValueError("an id lies in one dimension: give the id or --dimension, not both")
    shipped = taxonomy.load()
    if id is None:
        names = [dimension.value] if dimension else list(taxonomy.DIMENSIONS)
        top = [entry for name in names for entry in shipped.categories(name)]
        if as_json:
            top = [entry for category in top for entry in (category, *shipped.subcategories(category.id))]
        emit((_line(entry, language) for entry in top), as_json=as_json, columns=["id", "name", "definition"])
        say(f"taxonomy {shipped.version}, {len(shipped.entries())} ids; next: safeladder taxonomy show {top[0].id}")
        return
    entry = shipped.get(id)
    if entry.id != id:
        say(f"{id} was replaced by {entry.id}")
    met = [
        f"{scheme}: {label} ({match.ours[entry.id]})"
        for scheme, walk in shipped.crosswalks.items()
        for label, match in walk.labels.items()
        if isinstance(match.ours, dict) and entry.id in match.ours
    ]
    if as_json:
        emit([_line(entry, language) | {"labels": met}], as_json=True)
        return
    for key, value in _line(entry, language).items():
        if value:
            print(f"{key:<12}{value}")
    for line in met:
        print(f"{'label of':<12}{line}")
    under = shipped.subcategories(entry.id)
    if under:
        print()
        emit((_line(sub, language) for sub in under), as_json=False, columns=["id", "name", "definition"])


@app.command("crosswalk")
def crosswalk(
    name: Annotated[str | None, typer.Argument(help="Scheme or source; without it, all of them")] = None,
    as_json: JsonOption = False,
) -> None:
    """How the labels of a published scheme, or of a source, map to our ids.

    The relation says what ours is to theirs, as in SKOS: `broader` means ours is the broader one.

    Examples: `safeladder taxonomy crosswalk`, `safeladder taxonomy crosswalk llama-guard-3`,
    `safeladder taxonomy crosswalk jbb-artifacts --json`
    """
    from catalog import taxonomy
    from catalog.configuration import nearest
    from corpus import sources

    schemes = taxonomy.load().crosswalks
    if name is None:
        emit(_overview(), as_json=as_json)
        say("next: safeladder taxonomy crosswalk llama-guard-3")
        return
    if name in schemes:
        rows = [{"label": label, **match.model_dump(mode="json")} for label, match in schemes[name].labels.items()]
        say(f"{schemes[name].title}, {schemes[name].home}; labels read in {schemes[name].read_in}")
    elif name in sources.available():
        rows = list(_labels_in(sources.Source.load(name)))
        say(f"the map is the one in the description of the source: safeladder source show {name}")
    else:
        near = nearest(name, [*schemes, *sources.available()])
        meant = f"; did you mean {near!r}?" if near else "."
        raise LookupError(f"no scheme or source {name!r}{meant} `safeladder taxonomy crosswalk` lists them")
    if not as_json:
        rows = [row | {"ours": _spelled(row["ours"])} for row in rows]
    emit(rows, as_json=as_json)


@app.command("check")
def check(as_json: JsonOption = False) -> None:
    """Check ids, both languages, crosswalks and the maps of all sources; exit 1 with one line per finding.

    Example: `safeladder taxonomy check`
    """
    from catalog import taxonomy
    from corpus import sources

    shipped = taxonomy.load()
    findings = taxonomy.check(shipped)
    known = {entry.id for entry in shipped.entries()} | set(shipped.replaced_by)
    for slug in sources.available():
        try:
            rows = list(_labels_in(sources.Source.load(slug)))
        except ValueError as error:
            findings.append(str(error))
            continue
        findings += [
            f"source {slug}, {row['label']!r}: maps to {row['ours']!r}, which does not exist"
            for row in rows
            if row["ours"] is not None and row["ours"] not in known
        ]
    if as_json:
        emit([{"finding": finding} for finding in findings], as_json=True)
    else:
        for finding in findings:
            print(finding)
    if findings:
        raise DidNotHold(f"taxonomy {shipped.version}: {len(findings)} findings")
    say(
        f"taxonomy {shipped.version} ({shipped.digest[:12]}): {len(shipped.entries())} ids, "
        f"{len(shipped.crosswalks)} crosswalks and {len(sources.available())} sources hold"
    )


def _line(entry: "Entry", language: Language) -> dict[str, Any]:
    from catalog import taxonomy

    boundary = entry.boundary[language] if entry.boundary else None
    return {
        "id": entry.id,
        "dimension": taxonomy.load().dimension(entry.id),
        "name": entry.name[language],
        "definition": entry.definition[language],
        "not": boundary,
    }


def _labels_in(source: "Source") -> Iterator[dict[str, Any]]:
    """The category rules of a source: a label of theirs, or all rows of a file, and our id or null."""
    pairs: dict[tuple[str, Any], None] = {}  # a set that keeps the order of the description
    for files in source.files:
        for rule in (row.category for row in files.rows):
            if isinstance(rule, str):
                pairs[f"all rows of {files.glob}", rule] = None
            elif rule is not None:
                pairs |= dict.fromkeys((rule.map or {}).items())
    yield from ({"label": label, "ours": ours} for label, ours in pairs)


def _overview() -> list[dict[str, Any]]:
    from catalog import taxonomy
    from corpus import sources

    rows = []
    for scheme, walk in taxonomy.load().crosswalks.items():
        matches = walk.labels.values()
        screened = sum(match.screened for match in matches)
        mapped = sum(bool(match.ids) for match in matches)
        counts = {"labels": len(matches), "mapped": mapped, "screened": screened}
        rows.append({"name": scheme, "kind": walk.kind} | counts)
    for slug in sources.available():
        ours = [row["ours"] for row in _labels_in(sources.Source.load(slug))]
        if ours:
            mapped = sum(id is not None for id in ours)
            rows.append({"name": slug, "kind": "source", "labels": len(ours), "mapped": mapped, "screened": 0})
    return rows


def _spelled(ours: dict[str, str] | str | None) -> str | None:
    return ", ".join(f"{id} ({relation})" for id, relation in ours.items()) if isinstance(ours, dict) else ours
