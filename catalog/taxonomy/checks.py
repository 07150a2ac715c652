"""What must hold in the taxonomy beyond the shape of its files."""

import re
from collections import Counter

from catalog import labels
from catalog.taxonomy.model import Taxonomy

CJK = re.compile(r"[\u4e00-\u9fff]")
MENTION = re.compile(r"`([a-z_]+(?:/[a-z-]+)?)`")


def check(taxonomy: Taxonomy) -> list[str]:
    """Findings, one line each; none if all holds.

    Ids and names are unique, parents exist and both languages are there. The safety categories are those of
    `labels.CATEGORIES`, and each is met by a label of a standard or a guard. What replacements, notes and crosswalks
    point to exists.
    """
    return [
        *_ids(taxonomy),
        *_words(taxonomy),
        *_top_level(taxonomy),
        *_replacements(taxonomy),
        *_crosswalks(taxonomy),
    ]


def _ids(taxonomy: Taxonomy) -> list[str]:
    times = Counter(entry.id for entry in taxonomy.entries())
    found = [f"{id}: the id is given {count} times" for id, count in times.items() if count > 1]
    for dimension, entries in taxonomy.dimensions.items():
        inside = {entry.id for entry in entries}
        lost = [entry for entry in entries if entry.category not in inside]
        found += [f"{entry.id}: {dimension} has no category {entry.category!r}" for entry in lost]
    return found


def _words(taxonomy: Taxonomy) -> list[str]:
    found = []
    known = {entry.id for entry in taxonomy.entries()}
    for entry in taxonomy.entries():
        for part, words in {"name": entry.name, "definition": entry.definition, "not": entry.boundary}.items():
            if words is None:
                continue
            if not words.en.strip() or CJK.search(words.en):
                found.append(f"{entry.id}: the English {part} is empty or holds Chinese")
            if not CJK.search(words.zh):
                found.append(f"{entry.id}: the Chinese {part} holds no Chinese")
            mentions = MENTION.findall(words.en) + MENTION.findall(words.zh)
            found += [f"{entry.id}: {part} names {id!r}, which does not exist" for id in mentions if id not in known]
    for dimension, entries in taxonomy.dimensions.items():
        for language in ("en", "zh"):
            names = Counter(entry.name[language].casefold() for entry in entries)
            found += [f"{dimension}: the name {name!r} is given {n} times" for name, n in names.items() if n > 1]
    return found


def _top_level(taxonomy: Taxonomy) -> list[str]:
    ours = {entry.id: entry.name.en for entry in taxonomy.categories("safety")}
    found = [] if ours == labels.CATEGORIES else ["safety: ids or English names differ from labels.CATEGORIES"]
    met = {
        id.partition("/")[0]
        for crosswalk in taxonomy.crosswalks.values()
        if crosswalk.kind != "data"
        for match in crosswalk.labels.values()
        for id in match.ids
    }
    return found + [f"{id}: no label of a standard or a guard maps to it" for id in ours if id not in met]


def _replacements(taxonomy: Taxonomy) -> list[str]:
    known = {entry.id for entry in taxonomy.entries()}
    found = [f"{old}: is replaced, and still an entry" for old in taxonomy.replaced_by if old in known]
    return found + [
        f"{old}: is replaced by {new!r}, which does not exist"
        for old, new in taxonomy.replaced_by.items()
        if new not in known
    ]


def _crosswalks(taxonomy: Taxonomy) -> list[str]:
    known = {entry.id for entry in taxonomy.entries()}
    return [
        f"{scheme}, {label!r}: maps to {id!r}, which does not exist"
        for scheme, crosswalk in taxonomy.crosswalks.items()
        for label, match in crosswalk.labels.items()
        for id in match.ids
        if id not in known
    ]
