"""Near-duplicate text beside datatrove, rensa, datasketch, text-dedup and data-juicer: CPU time, memory, and F1.

The documents are made here, English and Chinese half and half, with duplicates whose similarity is known
(dedup_peers/documents.py). Every tool gets the same Parquet pieces and says which documents go; the same parameters
hold for all: 5-grams, 128 hashes in 16 bands of 8, threshold 0.8, numbers count. We find our own bands from the
threshold.

A family of planted documents says how many of it are to go, not which: of those that a tool removes, as many are right,
the rest are wrong. F1 is over these, in each language. A tool that flags every member of a family is granted that it
would keep one.

Each run is a process of its own. Its CPU seconds are user and system, imports and reading included, with all that it
starts; its memory is the peak of its largest process. A run with a few hundred documents goes before, unmeasured, so
that nobody's code is compiled in the measured one; what takes under 15 CPU seconds is run three times, by turns, and
the median counts. Reading the documents is counted. Writing the kept ones is not asked for; text-dedup's command and we
do it all the same.

* datatrove 0.10.1, four stages. `spacy`: its English tokeniser. `light`: a pattern that finds words and single Chinese
  characters, the least that serves both languages.
* rensa. `keep`: its deduplicator. `rho`: its fastest, which only flags.
* datasketch: LSH, then the estimated similarity of what LSH proposes.
* text-dedup, its command without the packages that its MinHash does not import (pyspark, sphinx, unisim).
* data-juicer, `document_minhash_deduplicator` on its own; `space` and `character` are its tokenisations, and it has
  none that serves both languages without a model to download.

The peers live in two virtual environments that are made once: about 1.4 GB, two to three minutes. `--quick` is 100,000
documents beside datatrove and rensa. At a million, only we and rensa run, with one worker and with two. The exit code
is 1 if something that is asked for was missed. The last line is one JSON object: `ratios` (the peer's CPU time over
ours), `figures`, `versions`, `sizes`.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # this file is called like a script, the floors are packages

from benchmarks.dedup_peers import documents  # noqa: E402
from catalog import environments  # noqa: E402

PEERS = Path(__file__).resolve().parent / "dedup_peers"
SIZES, QUICK, LARGE = (20_000, 100_000, 1_000_000), 100_000, 500_000
ROUNDS, REPEATED_UNDER = 3, 15.0  # rounds, CPU seconds
WARM_UP = 400
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")


class Tool(NamedTuple):
    """A script in dedup_peers, its options, and the environment that it needs; None is our own."""

    script: str
    options: tuple[str, ...] = ()
    environment: str | None = None


OURS = Tool("with_safeladder.py")
TOOLS = {
    "rensa keep": Tool("with_rensa.py", ("keep",), "sketches"),
    "rensa rho": Tool("with_rensa.py", ("rho",), "sketches"),
    "datasketch": Tool("with_datasketch.py", (), "sketches"),
    "datatrove light": Tool("with_datatrove.py", ("light",), "sketches"),
    "datatrove spacy": Tool("with_datatrove.py", ("spacy",), "sketches"),
    "text-dedup": Tool("with_text_dedup.py", (), "datasets"),
    "data-juicer space": Tool("with_data_juicer.py", ("space",), "datasets"),
    "data-juicer character": Tool("with_data_juicer.py", ("character",), "datasets"),
}
QUICK_TOOLS = ("rensa keep", "datatrove light", "datatrove spacy")
LARGE_TOOLS = ("rensa keep", "rensa rho")
ASKED = {
    "datatrove spacy": 20.0,
    "datatrove light": 6.0,
    "rensa keep": 1.5,
    "rensa rho": 1.5,
}  # from QUICK documents on
ASKED_MB, ASKED_GROWTH = 1_000, 1.1  # a worker's memory; CPU per document at a million over that at 100,000


class RunFailed(RuntimeError):
    """A tool's process ended with an error; the message holds the end of what it said."""


def python(tool: Tool) -> Path:
    """The interpreter of a tool's environment, which is made where it is not there."""
    if tool.environment is None:
        return Path(sys.executable)
    pins = PEERS / f"requirements-{tool.environment}.txt"
    return (
        environments.ensure(
            environments.folder_of(f"bench-dedup-{tool.environment}", pins),
            lambda folder: environments.install(folder, pins),
            what=f"tools to compare with ({tool.environment}), a minute",
            progress=lambda line: print(line, file=sys.stderr, flush=True),
        )
        / "bin"
        / "python"
    )


def run(tool: Tool, pieces: Path, *, workers: int = 1) -> dict[str, Any]:
    """Run a tool over a folder of pieces.

    Returns:
        `cpu_s`, `wall_s`, `peak_mb`, and what the tool says: `removed` ids, `versions`, `marks_all`.

    Raises:
        RunFailed: With the end of its output.
    """
    with tempfile.TemporaryDirectory(prefix="safeladder-dedup-run-") as name:
        folder = Path(name)
        inner = [str(python(tool)), str(PEERS / tool.script), str(pieces), str(folder / "found.json")]
        command = [sys.executable, str(PEERS / "meter.py"), str(folder / "cost.json"), *inner, *tool.options]
        own = {"HF_HOME": f"{name}/hf", "DATA_JUICER_CACHE_HOME": f"{name}/dj", "HF_HUB_OFFLINE": "1"}
        environment = os.environ | own | dict.fromkeys(THREADS, str(workers))
        with (folder / "log").open("w") as log:
            told = [*command, str(workers)]
            done = subprocess.run(told, env=environment, cwd=name, stdout=log, stderr=log)
        if done.returncode:
            last = "\n".join((folder / "log").read_text(errors="replace").splitlines()[-12:])
            raise RunFailed(f"{tool.script} {' '.join(tool.options)} ended with {done.returncode}:\n{last}")
        found: dict[str, Any] = json.loads((folder / "found.json").read_text())
        return found | json.loads((folder / "cost.json").read_text())


def score(removed: Sequence[str], truth: pl.DataFrame, *, marks_all: bool = False) -> dict[str, float]:
    """F1 of the removed documents in each language.

    Args:
        removed: Ids of the documents that a tool removes.
        truth: As `documents.write` gives it. Families whose `due` is null do not count.
        marks_all: The tool flags whole families; one of each is taken to stay.
    """
    gone = pl.DataFrame({"id": removed}, schema={"id": pl.String}).with_columns(gone=1)
    family = (
        truth.filter(pl.col("due").is_not_null())
        .join(gone, on="id", how="left")
        .group_by("language", "family")
        .agg(pl.col("gone").fill_null(0).sum(), pl.col("due").first(), size=pl.len())
    )
    if marks_all:
        family = family.with_columns(pl.min_horizontal("gone", pl.max_horizontal(pl.col("size").cast(pl.Int64) - 1, 1)))
    right = pl.min_horizontal("gone", "due").sum()
    found = family.group_by("language").agg(f1=2 * right / (pl.col("gone").sum() + pl.col("due").sum()))
    return {language: round(value, 4) for language, value in found.sort("language").rows()}


def measure(size: int, tools: dict[str, Tool], *, workers: Sequence[int] = (1,)) -> dict[str, dict[str, Any]]:
    """Run every tool over as many documents.

    Args:
        size: Documents.
        tools: By name; "ours" is one of them.
        workers: Numbers of workers to run each with; more than one only where a tool takes it.

    Returns:
        By name (and " x2" for two workers): `cpu_s`, `wall_s`, `peak_mb`, `f1_en`, `f1_zh`, `removed`, `runs`,
        `versions`; of a tool that failed, only `failed`.
    """
    with tempfile.TemporaryDirectory(prefix="safeladder-dedup-") as name:
        few, pieces = Path(name) / "few", Path(name) / "pieces"
        documents.write(few, WARM_UP)
        truth = documents.write(pieces, size)
        runs: dict[str, list[dict[str, Any]]] = {}
        failed: dict[str, str] = {}
        wanted = {f"{tool}{f' x{n}' if n > 1 else ''}": (tools[tool], n) for n in workers for tool in tools}
        for round_ in range(1 if size >= LARGE else ROUNDS):
            for title, (tool, count) in wanted.items():
                if title in failed or (round_ and runs[title][0]["cpu_s"] >= REPEATED_UNDER):
                    continue
                try:
                    if not round_:
                        run(tool, few)
                    runs.setdefault(title, []).append(run(tool, pieces, workers=count))
                except (RunFailed, environments.EnvironmentFailed) as error:
                    failed[title] = str(error)
                    print(f"{title}: {error}", file=sys.stderr, flush=True)
                else:
                    print(f"{size} {title}: {runs[title][-1]['cpu_s']:.1f} CPU s", file=sys.stderr, flush=True)
    found: dict[str, dict[str, Any]] = {title: {"failed": why} for title, why in failed.items()}
    for title, each in runs.items():
        costs = {key: round(statistics.median(one[key] for one in each), 2) for key in ("cpu_s", "wall_s", "peak_mb")}
        scores = score(each[0]["removed"], truth, marks_all=each[0]["marks_all"])
        found.setdefault(title, costs | {f"f1_{language}": value for language, value in scores.items()})
        found[title] |= {"removed": len(each[0]["removed"]), "runs": len(each), "versions": each[0]["versions"]}
    return {title: found[title] for title in wanted}


def ratios(figures: dict[int, dict[str, dict[str, Any]]]) -> dict[str, float]:
    """A peer's CPU time over ours, at each size; and our CPU time per document at a million over that at 100,000."""
    found = {}
    for size, rows in figures.items():
        for title, row in rows.items():
            base = rows.get("ours x2" if title.endswith(" x2") else "ours", {})
            if not title.startswith("ours") and "cpu_s" in row and "cpu_s" in base:
                found[f"{title}, {size}"] = round(row["cpu_s"] / base["cpu_s"], 2)
    one, ten = (figures.get(size, {}).get("ours", {}).get("cpu_s") for size in (QUICK, 10 * QUICK))
    if one and ten:
        found[f"ours per document, {10 * QUICK} over {QUICK}"] = round(ten / 10 / one, 2)
    return found


def missed(figures: dict[int, dict[str, dict[str, Any]]], found: dict[str, float]) -> list[str]:
    """What is asked for and was not reached, in a sentence each."""
    lines = []
    for size, rows in figures.items():
        for title, asked in ASKED.items():
            if size >= QUICK and found.get(f"{title}, {size}", asked) < asked:
                lines.append(f"{size}: {found[f'{title}, {size}']} times the speed of {title}, {asked} are asked for")
        for title, row in rows.items():
            if "failed" in row:
                lines.append(f"{size}: {title} failed")
            elif title.startswith("ours") and row["peak_mb"] > ASKED_MB:
                lines.append(f"{size}: {title} took {row['peak_mb']} MB, {ASKED_MB} are allowed")
        for language in documents.LANGUAGES:
            scores = {title: row[f"f1_{language}"] for title, row in rows.items() if "cpu_s" in row}
            best = max(scores, key=lambda title: scores[title], default="ours")
            if scores.get("ours", 1.0) < scores.get(best, 0.0):
                lines.append(f"{size}: F1 {scores['ours']} in {language}, {best} has {scores[best]}")
    growth = found.get(f"ours per document, {10 * QUICK} over {QUICK}", 0.0)
    if growth > ASKED_GROWTH:
        lines.append(f"CPU per document grows {growth} times from {QUICK} to {10 * QUICK}, {ASKED_GROWTH} is allowed")
    return lines


def table(figures: dict[int, dict[str, dict[str, Any]]]) -> str:
    """What was measured, for people."""
    lines = [f"{'tool':<24}{'docs':>9}{'CPU s':>9}{'wall s':>9}{'MB':>7}{'F1 en':>8}{'F1 zh':>8}{'x ours':>8}"]
    for size, rows in figures.items():
        known = ratios({size: rows})
        for title, row in sorted(rows.items(), key=lambda item: item[1].get("cpu_s", float("inf"))):
            if "failed" in row:
                lines.append(f"{title:<24}{size:>9}  failed")
                continue
            costs = f"{row['cpu_s']:>9.1f}{row['wall_s']:>9.1f}{row['peak_mb']:>7.0f}"
            times = known.get(f"{title}, {size}")
            scores = f"{row['f1_en']:>8.3f}{row['f1_zh']:>8.3f}"
            lines.append(f"{title:<24}{size:>9}{costs}{scores}{f'{times:.1f}' if times else '':>8}")
    return "\n".join(lines)


def machine() -> str:
    """Processor and cores."""
    told = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.partition(":")[2].strip() for line in told if line.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} cores, {platform.system()}"


def report(figures: dict[int, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """The JSON object of the last line."""
    versions = {"machine": machine(), "python": platform.python_version()}
    for row in (row for rows in figures.values() for row in rows.values()):
        versions |= row.get("versions", {})
    slim = {
        str(size): {title: {k: v for k, v in row.items() if k != "versions"} for title, row in rows.items()}
        for size, rows in figures.items()
    }
    load = {"load": round(os.getloadavg()[0], 1)}
    return {"ratios": ratios(figures), "figures": slim | load, "versions": versions, "sizes": list(figures)}


def main() -> None:
    """Measure and print; exit code 1 where something was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} documents, {', '.join(QUICK_TOOLS)}")
    parser.add_argument("--sizes", type=int, nargs="+", help=f"documents; by default {SIZES}")
    parser.add_argument("--peers", nargs="*", choices=TOOLS, help="by default all; at a million, rensa")
    options = parser.parse_args()
    peers = options.peers if options.peers is not None else QUICK_TOOLS if options.quick else tuple(TOOLS)
    figures = {}
    for size in options.sizes or ([QUICK] if options.quick else SIZES):
        large = size >= LARGE
        tools = {name: TOOLS[name] for name in peers if not large or name in LARGE_TOOLS}
        figures[size] = measure(size, {"ours": OURS, **tools}, workers=(1, 2) if large else (1,))
    found = report(figures)
    print(table(figures))
    for title in ("ratios", "versions"):
        print(title)
        for name, value in found[title].items():
            print(f"  {name:<52}{value}")
    lines = missed(figures, found["ratios"])
    print("\n".join(f"missed: {line}" for line in lines))
    print(json.dumps(found))
    sys.exit(bool(lines))


if __name__ == "__main__":
    main()
