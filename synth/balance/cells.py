"""What there is: samples of the corpus by task, sub-category, language, modality and label."""

import io
from pathlib import Path

import duckdb
import polars as pl

from catalog import taxonomy
from catalog.files import LocalFiles
from corpus.filters import detect
from corpus.filters.language import UNDETERMINED

KEY = ("task", "category", "subcategory", "language", "modality", "label")
UNSAFE_UNKNOWN = "unsafe, label unknown"
SAFE_UNKNOWN = "safe, label unknown"
CONFLICT = "conflict"
NO_LABEL = "no label"
BATCH = 50_000  # texts held in memory at a time

# What counts: the rows that a run kept, with the label that a release of today would choose; or those of a release.
KEPT = """
    select s.sample_id, l.task, l.label, l.unsafe, l.category, coalesce(l.conflict, false) as conflict
    from (select distinct sample_id from splits) s left join labels l using (sample_id)"""
RELEASED = """
    select distinct on (sample_id, task) sample_id, task, label, unsafe, category, false as conflict
    from release_rows where release_id = $release"""

MEMBERS = """
with chosen as ({chosen}
), said as (
    select a.sample_id, a.task, min(a.category) as category, list(distinct a.subcategory order by a.subcategory)
        filter (a.subcategory is not null) as subcategories
    from annotations a semi join chosen using (sample_id) group by all
), grouped as (
    select sample_id, max_by(cluster_id, added_seq) as cluster_id from clusters group by 1
)
select
    s.sample_id, s.prompt_id, coalesce(g.cluster_id, s.prompt_id) as cluster_id,
    coalesce(c.task, a.task) as task, coalesce(c.category, a.category) as category,
    list_filter(a.subcategories, lambda id: starts_with(id, coalesce(c.category, a.category) || '/'))[1] as subcategory,
    case when len(list_filter(flatten(list_transform(s.messages, lambda m: m.content)), lambda p: p.type = 'image')) > 0
        then 'image' else 'text' end as modality,
    case
        when c.conflict then '{CONFLICT}' when c.label is not null then c.label
        when c.unsafe then '{UNSAFE_UNKNOWN}' when not c.unsafe then '{SAFE_UNKNOWN}' else '{NO_LABEL}'
    end as label
from chosen c join samples s using (sample_id) left join grouped g using (sample_id)
left join said a on a.sample_id = c.sample_id and (c.task is null or a.task = c.task)"""


def members(
    connection: duckdb.DuckDBPyConnection, *, release: str | None = None, languages: Path | None = None
) -> pl.DataFrame:
    """One row per sample and task, with the cell that it lies in.

    A label is one of the task's labels, or says what is missing: `unsafe, label unknown` and `safe, label unknown`
    where only the binary reading is known, `conflict` where answers tie, `no label` for a prompt alone or a reply that
    nobody judged. Null is a category, sub-category or task that is not known. The language is that of the prompt, and
    where its script and words do not tell (a cipher, a formula) that of the reply.

    Args:
        connection: The catalog, from `catalog.read_model.connect`.
        release: Name or digest of a release; by default all rows that a run kept, labelled as of today.
        languages: Parquet file that keeps the language of each sample, so that it is found once only.

    Returns:
        `sample_id`, `prompt_id`, `cluster_id` (prompt cluster), and the columns `KEY`.

    Raises:
        LookupError: If there is no such release, with the names there are.
    """
    values = {} if release is None else {"release": _release_id(connection, release)}
    names = {"CONFLICT": CONFLICT, "UNSAFE_UNKNOWN": UNSAFE_UNKNOWN, "SAFE_UNKNOWN": SAFE_UNKNOWN, "NO_LABEL": NO_LABEL}
    sql = MEMBERS.format(chosen=KEPT if release is None else RELEASED, **names)
    found = pl.DataFrame(connection.sql(sql, params=values).to_arrow_table())
    replaced = taxonomy.load().replaced_by
    return (
        found.join(_languages(connection, found["sample_id"], languages), on="sample_id", how="left")
        .with_columns(pl.col("category", "subcategory").replace(replaced))
        .with_columns(category=pl.coalesce(pl.col("subcategory").str.split("/").list.first(), "category"))
        .select("sample_id", "prompt_id", "cluster_id", *KEY)
        .sort("sample_id", "task", nulls_last=True)
    )


def count(members: pl.DataFrame) -> pl.DataFrame:
    """Cells with what is in them.

    Args:
        members: As `members` gives them, or some of them.

    Returns:
        Columns `KEY`, `samples` (distinct, however often they were met) and `clusters` (distinct prompt clusters).
        Samples add up over the cells of one task; clusters do not, since one prompt may have replies of two labels.
    """
    counts = (pl.col(name).n_unique().cast(pl.Int64) for name in ("sample_id", "cluster_id"))
    return (
        members.group_by(KEY)
        .agg(*counts)
        .rename({"sample_id": "samples", "cluster_id": "clusters"})
        .sort(KEY, nulls_last=True)
    )


def _release_id(connection: duckdb.DuckDBPyConnection, release: str) -> str:
    known = connection.execute("select name, release_id from releases order by added_seq desc").fetchall()
    for name, digest in known:
        if release == name or (len(release) >= 6 and digest.startswith(release)):
            return str(digest)
    names = ", ".join(dict.fromkeys(name for name, _ in known)) or "none yet"
    raise LookupError(f"no release {release!r}; there are: {names}")


def _languages(connection: duckdb.DuckDBPyConnection, ids: pl.Series, path: Path | None) -> pl.DataFrame:
    """Language of each sample, found for those that the file does not know yet."""
    empty = pl.DataFrame(schema={"sample_id": pl.String, "language": pl.String})
    known = pl.read_parquet(path) if path is not None and path.exists() else empty
    asked = pl.DataFrame({"sample_id": ids}).unique().join(known, on="sample_id", how="anti")
    if asked.is_empty():
        return known
    connection.register("asked", asked.to_arrow())
    # A sample of several tasks stands in `rows` several times, with one text.
    reader = connection.sql(
        "select distinct on (sample_id) sample_id, prompt, response from rows semi join asked using (sample_id)"
    ).to_arrow_reader(BATCH)
    found = [_detected(pl.DataFrame(batch)) for batch in reader]
    connection.unregister("asked")
    everything = pl.concat([known, *found])
    if path is not None:
        sink = io.BytesIO()
        everything.sort("sample_id").write_parquet(sink)
        LocalFiles(path.parent).put(path.name, sink.getvalue())
    return everything


def _detected(texts: pl.DataFrame) -> pl.DataFrame:
    """`sample_id` and `language` of a batch; a prompt that stands often is asked about once."""
    prompts = texts.select("prompt").unique().with_columns(language=pl.col("prompt").map_batches(detect, pl.String))
    told = texts.join(prompts, on="prompt", how="left", nulls_equal=True)
    unsure = pl.col("language") == UNDETERMINED
    replies = told.filter(unsure)
    again = replies.select("sample_id", reply=detect(replies["response"]))
    return told.join(again, on="sample_id", how="left").select(
        "sample_id", language=pl.when(unsure).then("reply").otherwise("language")
    )
