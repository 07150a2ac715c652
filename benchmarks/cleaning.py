"""What does cleaning buy a verifier: the same sources as they are read, and as the pipeline leaves them.

Labelled public sets are read once. `raw` are their answered safety rows as they come, copies and contradictions
included; `clean` are those of the release after the filters and deduplication of a recipe's defaults. All rows are
clustered together, whole clusters go to one side, and test and calibration rows are clean ones. Verifiers are trained
on equally many train rows of each, and others on raw rows split row by row: every near copy of a test row that such a
split leaves in train, and a draw of all others. Each is trained with several seeds, and a figure is the mean over them,
for so few rows one training says little. All are measured on the same test rows: AUROC, F1 at 0.5, ECE, with 95%
intervals over clusters. Leak is the share of test rows that have a near copy, or a row of their cluster, among
the train rows; also of a fifth of all raw rows, drawn row by row, among the others. The last line is one JSON object:
`ratios` (AUROC over that of raw), `figures`, `versions`, `sizes`.
"""

import json
import sys
import tempfile
from itertools import chain, product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # so that this file shadows no package

from benchmarks.verifying import RESAMPLES, answered, interval, main, release, tick  # noqa: E402
from catalog import Store, with_text  # noqa: E402
from corpus import clusters, dedup, split  # noqa: E402
from corpus.dedup import index as indexes  # noqa: E402
from safeladder.recipe import DedupConfig, Recipe  # noqa: E402
from verifiers import VerifierConfig, load_verifier, train_verifier  # noqa: E402
from verifiers.metrics import binary_metrics, bootstrap_weights, calibration_error  # noqa: E402

PER_CELL = {"train": 500, "calibration": 100, "test": 150}  # rows of one language and reading, at most
QUICK = {"train": 250, "calibration": 50, "test": 75}
CONFIG = VerifierConfig(epochs=2)
SEEDS = (0, 1)
PLACE = ["sample_id", "file", "line"]
THRESHOLD = DedupConfig().threshold  # Jaccard similarity of a near copy


def read(store: Store, data: Path, sources: tuple[str, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Answered safety rows: as they were read, one for each place where a row was met, and those of the release.

    Both have `verifiers.data.COLUMNS` and stand on the side of their cluster among all rows that were read.
    """
    kept, batches = release(store, data, name="cleaning", sources=sources, synth=None)
    given = pl.concat([store.read("working", batch_id=batches[f"ingest:{slug}"]) for slug in sources])
    sides = split.assign(clusters.prompt_clusters(with_text(given)), seed=Recipe.model_fields["seed"].default)

    def placed(rows: pl.DataFrame) -> pl.DataFrame:
        return answered(store, rows.drop("split", "cluster_id", strict=False).join(sides, on="sample_id"))

    labelled = given.filter(pl.any_horizontal(pl.col("label", "unsafe").is_not_null()))
    columns = [*PLACE, "task", "label", "unsafe", "category"]
    return placed(labelled.select(columns)), placed(kept)


def drawn(rows: pl.DataFrame, limit: int) -> pl.DataFrame:
    """So many rows of each language and reading; ids are digests, so the first are a random draw.

    Copies under one id are drawn together: a part of the rows then repeats itself as much as the whole.
    """
    cell = pl.int_range(pl.len()).over("language", "reading")
    read_as = pl.coalesce(pl.col("label") == "Unsafe", "unsafe")
    ordered = rows.filter(pl.col("language").is_in(["en", "zh"])).with_columns(reading=read_as)
    return ordered.sort("first", *[name for name in PLACE if name in rows.columns]).filter(cell < limit)


def texts(rows: pl.DataFrame) -> pl.DataFrame:
    """What of a row is compared: its prompt and reply."""
    return rows.select(text=pl.concat_str("prompt", "response", separator=dedup.PARTING), group=pl.lit(""))


def copies(rows: pl.DataFrame, of: pl.DataFrame, folder: Path) -> pl.Series:
    """For each row whether it is a near copy of one of the others, whole and in its reply, with whatever label."""
    at = pl.int_range(pl.len())
    known, asked = (
        texts(part).with_columns(id=pl.format(f"{name} {{}}", at), rank=at)
        for part, name in ((of, "known"), (rows, "asked"))
    )
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        asked.write_parquet(Path(scratch) / "asked.parquet")
        index = indexes.write(Path(scratch) / "index", known, threshold=THRESHOLD)
        inputs = [Path(scratch) / "asked.parquet"]
        gone = dedup.deduplicate(inputs, Path(scratch) / "out", threshold=THRESHOLD, index=index).gone
    held = gone.filter(pl.col("matched_id").str.starts_with("known "))["row"]
    return pl.int_range(rows.height, eager=True).is_in(held.cast(pl.Int64).implode())


def leak(test: pl.DataFrame, train: pl.DataFrame, folder: Path) -> dict[str, float]:
    """Share of test rows with a near copy, and with a row of their cluster, among train rows."""
    near = copies(test, train, folder).mean()
    beside = test["cluster_id"].is_in(train["cluster_id"].implode()).mean()
    return {"near copy in train": round(float(near), 4), "cluster in train": round(float(beside), 4)}


def arms(raw: pl.DataFrame, clean: pl.DataFrame, per_cell: dict[str, int], folder: Path) -> dict[str, pl.DataFrame]:
    """Rows of `clean`, `raw` and `by rows` to train on, and the `calibration` and `test` rows that all have."""
    raw, clean = (rows.with_columns(first="sample_id") for rows in (raw, clean))
    of = {side: clean.filter(pl.col("split") == side) for side in ("train", "calibration", "test")}
    test, calibration = drawn(of["test"], per_cell["test"]), drawn(of["calibration"], per_cell["calibration"])
    # A split by rows has each row once: of the places where a held-out row was met, the first is the held-out one.
    place = pl.int_range(pl.len()).over("sample_id")
    held = pl.col("sample_id").is_in(pl.concat([test["sample_id"], calibration["sample_id"]]).implode())
    free = raw.sort(PLACE).filter(~(held & (place == 0)))
    copied = copies(free, test, folder)
    first = pl.concat([free.filter(copied).with_columns(first=pl.lit("")), free.filter(~copied)])
    found = {
        "clean": drawn(of["train"], per_cell["train"]),
        "raw": drawn(raw.filter(pl.col("split") == "train"), per_cell["train"]),
        "by rows": drawn(first, per_cell["train"]),
    }
    return found | {"calibration": calibration, "test": test}


def taught(name: str, train: pl.DataFrame, calibration: pl.DataFrame) -> pl.DataFrame:
    """What a verifier is given: one id for each row, and for rows that were split alone a cluster for each."""
    ids = pl.format("{} {}", "sample_id", pl.int_range(pl.len()).over("sample_id"))
    train = train.with_columns(sample_id=ids, split=pl.lit("train"))
    if name == "by rows":
        train = train.with_columns(cluster_id="sample_id")
    return pl.concat([train, calibration], how="diagonal")


def figures_of(rows: pl.DataFrame, said: dict[str, list[pl.Series]]) -> dict[str, Any]:
    """AUROC, F1 and ECE of every kind of rows, and what the others have more than `raw` on the same resamples.

    Args:
        rows: Test rows with `language`, `reading` and `cluster_id`.
        said: P(Unsafe) of the rows by each training on a kind of rows; a figure is the mean over trainings.
    """
    figures: dict[str, Any] = {}
    for part in ("en", "zh", "all"):
        mask_N = ((rows["language"] == part) | (part == "all")).to_numpy()
        unsafe_N = rows["reading"].to_numpy()[mask_N]
        weight_WN = bootstrap_weights(rows["cluster_id"].to_numpy()[mask_N], resamples=RESAMPLES, seed=0)
        values: dict[str, dict[str, np.ndarray]] = {}  # by metric and kind: (trainings, weightings)
        for name, trainings in said.items():
            for p_N in (p.to_numpy()[mask_N] for p in trainings):
                ece = {"ece": calibration_error(p_N, unsafe_N, weight_WN)}
                for metric, value_W in (binary_metrics(p_N, unsafe_N, weight_WN) | ece).items():
                    known = values.setdefault(metric, {}).get(name, np.empty((0, len(value_W))))
                    values[metric][name] = np.vstack([known, value_W])
        for metric in ("auroc", "f1", "ece"):
            mean = {name: value_TW.mean(axis=0) for name, value_TW in values[metric].items()}
            figures |= {f"{metric}, {part}, {name}": interval(value_W) for name, value_W in mean.items()}
            figures |= {
                f"{metric}, {part}, {name}, each": [round(float(v), 3) for v in value_TW[:, 0]]
                for name, value_TW in values[metric].items()
            }
            for name in [name for name in said if name != "raw"]:
                figures[f"{metric}, {part}, {name} less raw"] = interval(mean[name] - mean["raw"])
    return figures


def measure(
    folder: Path, data: Path, *, sources: tuple[str, ...], per_cell: dict[str, int], config: VerifierConfig
) -> dict[str, Any]:
    """Read, clean, train, score and measure; what `folder` holds already is used again."""
    store = Store(folder / "store")
    raw, clean = read(store, data, sources)
    rows = arms(raw, clean, per_cell, folder)
    test, calibration = rows.pop("test"), rows.pop("calibration")
    sizes: dict[str, Any] = {"raw rows": raw.height, "clean rows": clean.height}
    sizes |= {f"train rows, {name}": train.height for name, train in rows.items()}
    stays = clean["sample_id"].implode()
    sizes |= {
        f"train rows that cleaning takes, {name}": train.height
        - train.filter(pl.col("sample_id").is_in(stays))["sample_id"].n_unique()
        for name, train in rows.items()
    }
    sizes |= {"calibration rows": calibration.height, "test rows": test.height}
    mixed, fifth = raw.sort(PLACE).sample(fraction=1, shuffle=True, seed=0), raw.height // 5
    sides = {name: (test, train) for name, train in rows.items()}
    sides["a fifth of all raw rows"] = mixed[:fifth], mixed[fifth:]
    figures: dict[str, Any] = {}
    for name, (asked, train) in sides.items():
        figures |= {f"{what}, {name}": share for what, share in leak(asked, train, folder).items()}
    said: dict[str, list[pl.Series]] = {name: [] for name in rows}
    for seed, (name, train) in product(SEEDS, rows.items()):
        print(f"training {name}, seed {seed}", file=sys.stderr, flush=True)
        given, how = taught(name, train, calibration), config.model_copy(update={"seed": seed})
        path = train_verifier(given, config=how, workdir=folder / "verifiers", release_id=name, progress=tick)
        seconds = json.loads((path.parent / "training.json").read_text())["seconds"]
        figures[f"training, s, {name}, seed {seed}"] = round(seconds)
        said[name].append(load_verifier(path).score(test["prompt"].to_list(), test["response"].to_list())["p_unsafe"])
    answers = pl.concat([p.rename(str(n)).to_frame() for n, p in enumerate(chain(*said.values()))], how="horizontal")
    scored = answers.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
    sizes["test rows that all score"] = int(scored.sum())
    figures |= figures_of(
        test.filter(scored), {name: [p.filter(scored) for p in parts] for name, parts in said.items()}
    )
    ratios = {
        f"auroc, {part}, {name}": round(figures[f"auroc, {part}, {name}"][0] / figures[f"auroc, {part}, raw"][0], 3)
        for part in ("en", "zh", "all")
        for name in ("clean", "by rows")
    }
    return {"ratios": ratios, "figures": figures, "sizes": sizes}


if __name__ == "__main__":
    main("cleaning", __doc__, measure, config=CONFIG, per_cell=PER_CELL, quick=QUICK)
