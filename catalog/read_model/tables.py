"""The tables inside the DuckDB file: how they are laid out, how new segments are appended, how a takedown moves rows.

Every row carries `added_seq` and `removed_seq`. Current rows stand in `samples`, `verdicts` and so on; a row whose
sample was taken down moves to the schema `removed`; `history.<table>` shows both.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from catalog.schema import LEDGER_TABLES, SEGMENT_TABLES, TABLES, describe

# The same fact may be committed by several stages (two recipes over one source); it stands once, oldest first.
KEYS: dict[str, tuple[str, ...]] = {
    "samples": ("sample_id",),
    "media": ("media_id",),
    "annotations": ("annotation_id",),
    "sources": ("source", "digest"),
    "occurrences": ("sample_id", "source", "file", "line"),
    "source_files": ("source", "file", "sha256", "encoding"),
    "skipped": ("sample_id", "stage", "relation", "reason"),
    "notes": ("media_id", "note", "source", "file", "line"),
    "release_rows": ("release_id", "sample_id", "task"),
    "checkpoint_metrics": ("checkpoint_id", "model", "split", "slice", "metric"),
    "verdicts": ("sample_id", "checkpoint_id"),
    "judgements": ("sample_id", "judge"),
    "pictures": ("media_id", "text"),
    "label_conflicts": ("sample_id", "task", "label", "unsafe", "matched_id", "source", "file", "line"),
}
# A look-up by these columns takes about a millisecond whatever the size. More indexes cost more than they give: the
# other tables are sorted by `sample_id` instead, so that a look-up reads one row group of each refresh.
INDEXED = {"samples": ("sample_id",), "lineage": ("child_id", "parent_id")}
# What leaves with its sample. The takedown itself stays, and so do the edges of lineage: they hold ids, not text.
REMOVABLE = tuple(name for name in SEGMENT_TABLES if "sample_id" in TABLES[name].names and name != "takedowns")

ABOUT = {
    "samples": "One row per distinct exchange",
    "occurrences": "One row per place where a sample was met: source, file, line",
    "media": "One row per picture",
    "annotations": "One row per answer of one labeller",
    "verdicts": "One row per answer of one verifier",
    "judgements": "One row per sample and judge: what it said, or why it said nothing",
    "rejections": "One row per row that left, with the reason",
    "skipped": "One row per row that stayed and transform that does not apply to it, with the reason",
    "pictures": "One row per picture that was compared with others: pixels, hashes, text",
    "label_conflicts": "One row per copy whose label contradicts that of the copy that is preferred",
    "signals": "One row per sample and task of a measured release: how crowded, hard and doubtful, how its reply reads",
    "clusters": "One row per sample and the cluster of similar prompts it belongs to",
    "lineage": "One row per parent and child: transforms, training, rollouts, rewards",
    "splits": "One row per sample and the side of the exam it stands on",
    "sources": "One row per source as it was read, with licence and tier",
    "source_files": "One row per file of a source, with the encoding it was read in",
    "notes": "One row per oddity of a picture that was kept all the same",
    "release_rows": "One row per labelled row of a release",
    "checkpoint_metrics": "One row per number with its interval",
    "takedowns": "One row per request that a sample must leave",
    "runs": "One row per run of a recipe",
    "stages": "One row per stage of a run, with its row accounting",
    "releases": "One row per name of a frozen set of rows",
    "checkpoints": "One row per verifier or policy that was trained",
    "commits": "One row per batch that was committed: the clock that `added_seq` counts by",
    "segments": "One row per Parquet file that this catalog holds",
    "built": "One row: what this file was built by and from",
}
ADDED = "Commit that brought the row (`commits.seq`)"
REMOVED = "Commit of the takedown that removed the row; null for a row that stands"
SEGMENTS = {
    "table_name": "Table that the rows belong to",
    "seq": "Commit that brought the segment",
    "digest": "sha256 of the Parquet file",
    "rows": "Rows in the file",
    "kept": "Rows of it that are here; the others stood already",
}

BUILT = {
    "layout": "Digest of tables, keys, views and comments: with others the file is made anew",
    "ledger": "Digest of the ledger's own tables",
}


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Lay out the empty tables."""
    connection.execute("create schema removed")
    connection.execute("create schema history")
    connection.execute("create table segments (table_name text, seq bigint, digest text, rows bigint, kept bigint)")
    connection.execute("create table built (layout text, ledger text)")
    for name in TABLES:
        connection.register("given", TABLES[name].empty_table())
        seqs = "" if name in LEDGER_TABLES else ", null::bigint as added_seq, null::bigint as removed_seq"
        connection.execute(f"create table {name} as select *{seqs} from given")
        connection.unregister("given")
    for name in SEGMENT_TABLES:
        both = f"from main.{name}"
        if name in REMOVABLE:
            connection.execute(f"create table removed.{name} as from main.{name}")
            both += f" union all from removed.{name}"
        connection.execute(f"create view history.{name} as {both}")


def index(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the indexes that are not there yet: after the first rows, since filling an index row by row is slow."""
    for name, columns in INDEXED.items():
        for column in columns:
            connection.execute(f"create index if not exists {name}_{column} on {name} ({column})")


def append(connection: duckdb.DuckDBPyConnection, name: str, segments: Sequence[tuple[int, str, Path]]) -> None:
    """Append segments to a table, straight from Parquet, one row per key.

    Args:
        connection: With the catalog as its default database.
        name: Table.
        segments: (seq, digest, file); each newer than every segment that the table holds.
    """
    if not segments:
        return
    connection.execute("create or replace temp table places (filename text, seq bigint, digest text)")
    connection.executemany(
        "insert into places values (?, ?, ?)", [(str(file), seq, digest) for seq, digest, file in segments]
    )
    files = ", ".join(dict.fromkeys(_literal(file) for *_, file in segments))
    parquet = f"read_parquet([{files}], union_by_name = true, filename = true, file_row_number = true)"
    found = {row[0] for row in connection.execute(f"describe from {parquet}").fetchall()}
    columns = ", ".join(f"f.{column}" for column in TABLES[name].names if column in found)
    connection.execute(
        f"""create or replace temp view incoming as
            select {columns}, p.seq as added_seq, f.file_row_number as place
            from {parquet} f join places p on p.filename = f.filename"""
    )
    order = "order by sample_id, added_seq, place" if name in REMOVABLE and name not in INDEXED else ""
    connection.execute(
        f"""insert into {name} by name
            select i.* exclude (place) from incoming i {_first_of_key(connection, name)} {order}"""
    )
    connection.execute(
        f"""insert into segments
            select '{name}', p.seq, p.digest, f.num_rows, coalesce(k.kept, 0)
            from places p join parquet_file_metadata([{files}]) f on f.file_name = p.filename
            left join (select added_seq, count(*) as kept from {name} where added_seq >= {segments[0][0]} group by 1) k
            on k.added_seq = p.seq
            order by p.seq"""
    )


def _first_of_key(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """Joins and conditions that leave the first incoming row of each key that the table does not hold yet.

    Keys are hashed first and only the few whose hash comes twice are compared in full: grouping millions of long ids
    takes ten times the memory.
    """
    if name not in KEYS:
        return ""
    key = ", ".join(KEYS[name])
    connection.execute(
        f"""create or replace temp table doubles as
            with hashed as (select hash({key}) as h from incoming),
                twice as (select h from hashed group by h having count(*) > 1)
            select {key}, min((added_seq, place)) as first from incoming
            where hash({key}) in (from twice) group by {key} having count(*) > 1"""
    )
    same = " and ".join(f"i.{column} is not distinct from {{0}}.{column}" for column in KEYS[name])
    join, conditions = "", []
    if _any(connection, "doubles"):
        join = f"left join doubles d on {same.format('d')}"
        conditions.append("(d.first is null or d.first = (i.added_seq, i.place))")
    if _any(connection, f"history.{name}"):
        conditions.append(f"not exists (from history.{name} h where {same.format('h')})")
    return f"{join} {'where ' + ' and '.join(conditions) if conditions else ''}"


def _any(connection: duckdb.DuckDBPyConnection, relation: str) -> bool:
    return bool(connection.execute(f"select 1 from {relation} limit 1").fetchall())


def take_down(connection: duckdb.DuckDBPyConnection) -> None:
    """Move the rows of every sample that was taken down to the schema `removed`, those that came later too."""
    connection.execute(
        "create or replace temp table down as select sample_id, min(added_seq) as seq from takedowns group by 1"
    )
    if not _any(connection, "down"):
        return
    for name in REMOVABLE:
        connection.execute(
            f"""insert into removed.{name} select t.* replace (d.seq as removed_seq)
                from main.{name} t join down d using (sample_id) order by t.rowid"""
        )
        connection.execute(f"delete from main.{name} where sample_id in (select sample_id from down)")


def column_comments(name: str) -> Iterable[tuple[str, str]]:
    """Columns of a table of segments with what they mean."""
    return {**describe(name), "added_seq": ADDED, "removed_seq": REMOVED}.items()


def _literal(file: Path) -> str:
    """A file name as SQL text in which no character is a pattern of `read_parquet`."""
    escaped = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(file))
    return "'" + escaped.replace("'", "''") + "'"
