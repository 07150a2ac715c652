"""The DuckDB catalog at size: look-ups, lineage, aggregates, refresh, beside plain DuckDB on the same Parquet files.

5 million samples, 20 million verdicts, 0.4 million annotations and 3 million edges of lineage (`--quick`: a tenth) are
written as segments of a real store, and the catalog is built from it. Both sides answer in turns in the same process;
the best of three counts. The last line is one JSON object: `ratios` (how many times faster than plain DuckDB),
`figures`, `versions`, `sizes`.
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this file is called like the package that it measures

from catalog import TABLES, Store, lineage, read_model  # noqa: E402

SAMPLES, COMMITS, VERIFIERS = 5_000_000, 10, 4
ROUNDS = 3

# Query by name; {0} is replaced by the name of each table, or by a scan of its Parquet files.
AGGREGATES = {
    "source x category x verdict": """
        select o.source, a.category, v.label, count(*), avg(v.p_unsafe) from {verdicts} v
        join {occurrences} o using (sample_id) left join {annotations} a using (sample_id) group by all""",
    "verifier x verdict": """
        select checkpoint_id, label, count(*), avg(p_unsafe), count(*) filter (abstained)
        from {verdicts} group by all""",
    "filter one category": "select label, count(*), avg(p_unsafe) from {verdicts} where category = 'c7' group by all",
    "annotation disagreement": """
        select a.category, v.checkpoint_id, count(*), count(*) filter ((v.label = 'Unsafe') <> a.unsafe)
        from {annotations} a join {verdicts} v using (sample_id) group by all""",
    "curated select": """
        select count(*), sum(n) from (
            select s.prompt_id, min_by(s.sample_id, v.p_unsafe), count(*) as n from {samples} s
            join {verdicts} v using (sample_id) where v.checkpoint_id = 'v1' and not v.abstained and v.p_unsafe < 0.3
            group by s.prompt_id)""",
}


def commit(number: int, size: int) -> dict[str, pl.DataFrame]:
    """Rows of one commit: `size` samples with what is known of them, made by DuckDB column by column."""
    first = number * size
    queries = {
        "samples": """select sha256(i::text) as sample_id, sha256((i // 3)::text || 'p') as prompt_id,
            list_transform([['user', 'prompt ' || sha256(i::text || 'a')], ['assistant', 'reply ' || i]],
                lambda turn: {'role': turn[1], 'content': [{'type': 'text', 'text': turn[2], 'media_id': null}]})
            as messages""",
        "occurrences": """select sha256(i::text) as sample_id, 'source-' || (i % 12) as source, 'f.jsonl' as file,
            i as line""",
        "annotations": """select sha256(i::text || 'n') as annotation_id, sha256(i::text) as sample_id,
            'safety' as task, if(i % 5 = 0, 'Unsafe', 'Safe without risk') as label, i % 5 = 0 as unsafe,
            'c' || (i % 22) as category,
            'human' as origin, 'a' || (i % 7) as annotator where i % 25 < 2""",
        "verdicts": f"""select sha256(i::text) as sample_id, 'v' || k as checkpoint_id,
            if(hash(i, k) % 4 = 0, 'Unsafe', 'Safe without risk') as label, (hash(i, k) % 1000) / 1000 as p_unsafe,
            [p_unsafe, 1 - p_unsafe] as probs, 'c' || (i % 22) as category, hash(i, k) % 50 = 0 as abstained,
            false as truncated from range({VERIFIERS}) v(k)""",
        "lineage": """select sha256(i::text) as child_id, sha256((i - 1 - hash(i) % 1000)::text) as parent_id,
            'transform-' || (i % 14) || '@1' as relation, i as seed where i % 5 < 3 and i > 1000""",
    }
    made = {}
    with duckdb.connect() as connection:
        for name, query in queries.items():
            numbers = f"range({first}, {first + size}) t(i)"
            head, where, tail = query.partition(" where ")
            source = f", {numbers}" if " from range" in head else f" from {numbers}"
            rows = pl.from_arrow(connection.sql(head + source + where + tail).to_arrow_table())
            assert isinstance(rows, pl.DataFrame)
            kinds = pl.Schema(TABLES[name])
            missing = {c: pl.lit(None, kinds[c]) for c in kinds if c not in rows.columns}
            made[name] = rows.with_columns(**missing | {"stage_id": pl.lit(f"stage-{number}")}).cast(kinds)
    return made


def fill(store: Store, size: int, numbers: range) -> None:
    """Commit samples of `size` a commit, shuffled over the id space as real ids are."""
    for number in numbers:
        store.commit(hashlib.sha256(str(number).encode()).hexdigest(), commit(number, size))
        print(f"commit {number + 1} of {COMMITS + 1}", file=sys.stderr, flush=True)


def seconds(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def side_by_side(ours: Callable[[], Any], theirs: Callable[[], Any]) -> tuple[float, float]:
    """Best seconds of each, asked in turns so that what else the machine does falls on both alike."""
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS)]
    return min(a for a, _ in pairs), min(b for _, b in pairs)


def per_call(call: Callable[[str], Any], ids: list[str]) -> dict[str, float]:
    """Milliseconds of one call: the median over ids, and the one that 95 of 100 stay under."""
    call(ids[0])
    each = sorted(1000 * seconds(lambda i=i: call(i)) for i in ids)  # type: ignore[misc]
    return {"p50": round(statistics.median(each), 2), "p95": round(each[int(len(each) * 0.95)], 2)}


@contextmanager
def plain(store: Store) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, str]]]:
    """DuckDB on the Parquet files as they are, and the scan that stands for each table."""
    scans = {}
    for name in ("samples", "occurrences", "annotations", "verdicts", "lineage"):
        files = [str(store.segment_file(name, digest)) for _, digest in store.segment_list(name)]
        scans[name] = f"read_parquet({files!r})"
    with duckdb.connect() as connection:
        yield connection, scans


def look_up(connection: duckdb.DuckDBPyConnection, scans: dict[str, str], sample_id: str) -> list[Any]:
    """A sample and its verdicts."""
    places = [scans.get(name, name) for name in ("samples", "verdicts")]
    return [connection.execute(f"from {place} where sample_id = ?", [sample_id]).fetchall() for place in places]


def same(ours: list[Any], theirs: list[Any]) -> bool:
    """Whether two answers hold the same rows, but for the last digits of an average."""
    keys = [[tuple(round(v, 6) if isinstance(v, float) else v for v in row) for row in rows] for rows in (ours, theirs)]
    return sorted(keys[0], key=repr) == sorted(keys[1], key=repr)


def ask(store: Store, ids: list[str]) -> tuple[dict[str, float], dict[str, Any]]:
    """Every question, on both sides; stops where the answers differ."""
    ratios: dict[str, float] = {}
    figures: dict[str, Any] = {}
    with read_model.connect(store.path) as here, plain(store) as (there, scans):
        names = {name: name for name in scans}
        for title, query in AGGREGATES.items():
            mine, other = query.format(**names), query.format(**scans)
            assert same(here.execute(mine).fetchall(), there.execute(other).fetchall()), title
            a, b = side_by_side(
                lambda mine=mine: here.execute(mine).fetchall(), lambda other=other: there.execute(other).fetchall()
            )
            figures[title] = {"catalog_ms": round(1000 * a, 1), "parquet_ms": round(1000 * b, 1)}
            ratios[title] = round(b / a, 2)
        figures["point look-up with verdicts, ms"] = per_call(lambda i: look_up(here, names, i), ids)
        a, b = side_by_side(lambda: look_up(here, names, ids[0]), lambda: look_up(there, scans, ids[0]))
        ratios["point look-up with verdicts"] = round(b / a, 1)
        for title, walk in {
            "parents of an id, ms": partial(lineage.ancestors, depth=1),
            "lineage of an id: all ancestors, ms": lineage.ancestors,
            "lineage of an id: children to depth 3, ms": partial(lineage.descendants, depth=3),
        }.items():
            figures[title] = per_call(partial(walk, here), ids)
        farthest = max(edge["depth"] for sample_id in ids for edge in lineage.ancestors(here, sample_id))
        figures["steps to the farthest of these ancestors"] = farthest
        recursive = f"""with recursive up as (
            select child_id, parent_id from {scans["lineage"]} where child_id = $1 union
            select l.child_id, l.parent_id from {scans["lineage"]} l join up on l.child_id = up.parent_id) from up"""
        a, b = side_by_side(
            lambda: lineage.ancestors(here, ids[0]), lambda: there.execute(recursive, [ids[0]]).fetchall()
        )
        ratios["lineage of an id: all ancestors"] = round(b / a, 1)
        figures["trace of an id, ms"] = per_call(partial(lineage.trace, here), ids[:20])
        figures["find an id by 12 characters, ms"] = per_call(lambda i: lineage.find(here, i[:12]), ids[:20])
    return ratios, figures


def measure(samples: int) -> dict[str, Any]:
    """Make a store of this size, ask it everything, and throw it away."""
    folder = Path(tempfile.mkdtemp(prefix="safeladder-catalog-"))
    try:
        store, size = Store(folder / "store"), samples // COMMITS
        fill(store, size, range(COMMITS))
        full = seconds(lambda: read_model.build(store))
        ids = [hashlib.sha256(str(i * 7919 % samples).encode()).hexdigest() for i in range(1, 101)]
        ratios, figures = ask(store, ids)
        fill(store, size, range(COMMITS, COMMITS + 1))
        refresh = seconds(lambda: read_model.build(store))
        figures |= {
            "full build, s": round(full, 2),
            "refresh after 10% new rows, s": round(refresh, 2),
            "refresh with nothing new, s": round(seconds(lambda: read_model.build(store)), 2),
        }
        ratios["refresh after 10% new rows, over a full build"] = round(full / refresh, 2)
        with read_model.connect(store.path) as here:
            figures["point look-up after that refresh, ms"] = per_call(lambda i: look_up(here, {}, i), ids)
        sizes = {
            "samples": samples,
            "verdicts": samples * VERIFIERS,
            "catalog_mb": (store.path / read_model.FILE).stat().st_size // 10**6,
            "parquet_mb": sum(path.stat().st_size for path in (store.path / "segments").rglob("*.parquet")) // 10**6,
        }
    finally:
        shutil.rmtree(folder)
    versions = {"duckdb": duckdb.__version__, "polars": pl.__version__, "python": sys.version.split()[0]}
    figures |= {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    return {"ratios": ratios, "figures": figures, "versions": versions, "sizes": sizes}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    found = measure(SAMPLES // (10 if parser.parse_args().quick else 1))
    for title in ("figures", "ratios"):
        print(title)
        for name, value in found[title].items():
            print(f"  {name:<52}{value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
