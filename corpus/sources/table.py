"""The tables of docs/sources.md: what each source is, what its files give, and what is rejected."""

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from corpus.sources.check import check
from corpus.sources.description import Source, available


class Counts(NamedTuple):
    """What a source gives: records, rows by what they say (`safety: Unsafe`, `no label`), rejections by reason."""

    records: int
    labels: Mapping[str, int]
    rejected: Mapping[str, int]


def counts(source: Source, root: Path) -> Counts:
    """What all files of a source give together.

    Raises:
        FileNotFoundError: If the folder or a file is missing.
        ValueError: If a file cannot be read, gives no row, or names a category that does not exist.
    """
    found = check(source, root)
    for file in found:
        if file["problem"]:
            raise ValueError(f"{source.slug}, {file['file']}: {file['problem']}")
    labels, rejected = (_sum(file[name] for file in found) for name in ("labels", "rejected"))
    return Counts(sum(file["records"] for file in found), labels, rejected)


def tables(found: Mapping[str, Counts]) -> str:
    """Both tables in Markdown, each with its sum.

    Args:
        found: What each source gives, by slug.
    """
    rows = _sum(given.labels for given in found.values())
    tasks = _sum({label.partition(":")[0]: count} for label, count in rows.items())
    said = ", ".join(f"{count:,} {task}" for task, count in _largest_first(tasks))
    return "\n".join(
        [
            "| set | what it is | languages | licence (SPDX) | tier | rows | labels |",
            "|---|---|---|---|---|---:|---|",
            *(_line(Source.load(slug), given) for slug, given in sorted(found.items())),
            "",
            f"{sum(given.records for given in found.values()):,} records give {rows.total():,} rows: {said}.",
            "",
            "| rejected because | records or rows | sets |",
            "|---|---:|---|",
            *_reasons(found),
        ]
    )


def _line(source: Source, given: Counts) -> str:
    by_task: dict[str, list[str]] = {}
    for label, count in _largest_first(given.labels):
        task, _, word = label.rpartition(": ")
        by_task.setdefault(task, []).append(f"{word} {count:,}")
    said = "; ".join(f"{task}: {', '.join(words)}" if task else words[0] for task, words in sorted(by_task.items()))
    cells = [source.slug, source.title, " ".join(source.languages), source.license, source.tier]
    return f"| {' | '.join(cells)} | {sum(given.labels.values()):,} | {said} |"


def _reasons(found: Mapping[str, Counts]) -> Iterable[str]:
    for reason, count in _largest_first(_sum(given.rejected for given in found.values())):
        sets = {slug: given.rejected[reason] for slug, given in found.items() if reason in given.rejected}
        where = ", ".join(f"{slug} {n:,}" for slug, n in _largest_first(sets))
        yield f"| {reason} | {count:,} | {where} |"


def _largest_first(given: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(given.items(), key=lambda item: (-item[1], item[0]))


def _sum(parts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return total


def main() -> None:
    """Print both tables for a data root."""
    parser = argparse.ArgumentParser(prog="python -m corpus.sources.table", description=__doc__)
    parser.add_argument("data", type=Path, metavar="DIR", help="data root that holds every set, a folder for each")
    data = parser.parse_args().data
    try:
        print(tables({slug: counts(Source.load(slug), data) for slug in available()}))
    except (FileNotFoundError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
