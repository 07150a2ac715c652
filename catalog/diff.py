"""What changed between two releases, or between two commits: row by row, and why."""

from dataclasses import dataclass

import duckdb
import polars as pl

from catalog.read_model import moment
from catalog.read_model.views import labels_of

# In the order in which a reader wants to know.
CHANGES = ("added", "removed", "rejected", "label", "category", "split", "verdict")


@dataclass(frozen=True)
class Difference:
    """Two states and every change from the first to the second.

    Args:
        a: What the first one is, in words.
        b: What the second one is.
        rows: One row per change: `change` (one of `CHANGES`), `sample_id` (null for a record that never became a
            sample), `task`, `before`, `after`, `why` (a kind of reason, to count by), `detail` (who, like which row).
    """

    a: str
    b: str
    rows: pl.DataFrame

    def summary(self) -> pl.DataFrame:
        """Number of `rows` per `change`, `before`, `after` and `why`, the most frequent of each change first."""
        counted = self.rows.group_by("change", "before", "after", "why").agg(rows=pl.len())
        place = pl.col("change").replace_strict({name: i for i, name in enumerate(CHANGES)}, return_dtype=pl.Int8)
        return counted.sort(place, -pl.col("rows").cast(pl.Int64), "before", "after", "why")


def diff(connection: duckdb.DuckDBPyConnection, a: str, b: str) -> Difference:
    """Compare two releases, or the catalog at two moments.

    Two releases (name, or at least six characters of the digest) are compared by the rows that they froze. Anything
    else names a moment as in `read_model.connect(as_of=...)`: compared is what came and went between two commits, found
    by `added_seq` and `removed_seq` without reading either state.

    Args:
        connection: A connection to the catalog of today.
        a: The first.
        b: The second.

    Raises:
        LookupError: If there is no such release or moment.
        ValueError: If the second moment lies before the first.
    """
    first, second = _release(connection, a), _release(connection, b)
    if first and second:
        rows = _between_releases(connection, first, second)
        return Difference(f"release {first[1]} ({first[0][:12]})", f"release {second[1]} ({second[0][:12]})", rows)
    begin, end = moment(connection, a), moment(connection, b)
    if begin > end:
        raise ValueError(f"commit {begin} comes after commit {end}: name the older one first")
    sql = BETWEEN_COMMITS.replace("$a", str(begin)).replace("$b", str(end))
    return Difference(f"commit {begin}", f"commit {end}", _frame(connection, sql))


Release = tuple[str, str, int]  # release_id, name, seq of the commit that froze it


def _release(connection: duckdb.DuckDBPyConnection, asked: str) -> Release | None:
    found = connection.execute(
        """select release_id, name, coalesce(added_seq, 0) from releases
           where name = ?1 or (length(?1) >= 6 and starts_with(release_id, ?1))
           order by name = ?1 desc, added_seq desc limit 1""",
        [asked],
    ).fetchall()
    return found[0] if found else None


def _frame(connection: duckdb.DuckDBPyConnection, sql: str, values: dict[str, object] | None = None) -> pl.DataFrame:
    rows = pl.from_arrow(connection.sql(sql, params=values).to_arrow_table())
    assert isinstance(rows, pl.DataFrame)
    return rows.sort(rows.columns, nulls_last=True)


def _between_releases(connection: duckdb.DuckDBPyConnection, first: Release, second: Release) -> pl.DataFrame:
    verifiers = dict(
        connection.execute(
            """select release_id, arg_max(checkpoint_id, added_seq) from checkpoints
               where kind = 'verifier' and release_id in (?, ?) group by 1""",
            [first[0], second[0]],
        ).fetchall()
    )
    # What came after both were frozen is no reason for either.
    values = {"a": first[0], "b": second[0], "seq": first[2], "until": max(first[2], second[2])}
    values |= {"judge_a": verifiers.get(first[0]), "judge_b": verifiers.get(second[0])}
    return _frame(connection, BETWEEN_RELEASES, values)


ANSWER = "coalesce({0}.label, if({0}.unsafe, 'unsafe (binary)', 'safe (binary)'))"
SAID = "coalesce({0}.label, 'not scored')"
P_UNSAFE = (
    "'p_unsafe ' || coalesce(round(v.p_unsafe, 3)::text, '-') || ' to ' || coalesce(round(w.p_unsafe, 3)::text, '-')"
)

BETWEEN_RELEASES = f"""
with a as (from history.release_rows where release_id = $a), b as (from history.release_rows where release_id = $b),
pairs as (
    select sample_id, task, a.release_id is not null as in_a, b.release_id is not null as in_b,
        if(in_a, {ANSWER.format("a")}, null) as before, if(in_b, {ANSWER.format("b")}, null) as after,
        a.category as category_before, b.category as category_after, a.split as split_before, b.split as split_after,
        a.cluster_id is distinct from b.cluster_id as reclustered, b.origin, b.label, b.unsafe
    from a full join b using (sample_id, task)
), changed as materialized (
    from pairs where not in_a or not in_b or before <> after or category_before is distinct from category_after
        or split_before <> split_after
), touched as (
    select distinct sample_id from changed
), frozen as (  -- the stage that froze each release, and those of its run
    select distinct release_id, stage_id from history.release_rows where release_id in ($a, $b)
), behind as (
    from frozen union
    select release_id, s.stage_id from frozen join stages f using (stage_id) join stages s on s.run_id = f.run_id
), rejected as (
    select j.sample_id, release_id, max_by(stage || ' / ' || reason, j.added_seq) as reason,
        max_by('like ' || matched_id || ', similarity ' || round(similarity, 3), j.added_seq) as detail
    from history.rejections j join behind using (stage_id) semi join touched using (sample_id)
    where j.added_seq <= $until group by all
), answers as (
    select n.sample_id, task, label, unsafe, origin, max_by(annotator, n.added_seq) as annotator,
        max(n.added_seq) as added_seq
    from history.annotations n semi join touched using (sample_id) where n.added_seq <= $until group by all
), latest as (
    select sample_id, task, max_by(origin, added_seq) as origin, max_by(annotator, added_seq) as annotator,
        max(added_seq) as added_seq
    from answers group by all
), down as (
    select sample_id, min_by(reason, added_seq) as reason from takedowns where added_seq <= $until group by 1
)
select if(in_b, 'added', 'removed') as change, sample_id, task, before, after,
    case
        when not in_b and d.sample_id is not null then 'takedown'
        when j.reason is not null then if(in_b, 'no longer rejected: ', 'rejected: ') || j.reason
        when in_b and s.added_seq > $seq then 'new sample'
        when in_b and l.added_seq > $seq then 'new annotation'
        else 'not in the run of the ' || if(in_b, 'first', 'second')
    end as why,
    case
        when not in_b and d.sample_id is not null then d.reason
        when in_b and l.added_seq > $seq then 'by ' || l.annotator || ' (' || l.origin || ')'
        else j.detail
    end as detail
from changed c left join down d using (sample_id) left join latest l using (sample_id, task)
left join history.samples s using (sample_id)
left join rejected j on j.sample_id = c.sample_id and j.release_id = if(c.in_b, $a, $b)
where not in_a or not in_b
union all
select 'label', c.sample_id, c.task, before, after,
    case when n.added_seq > $seq then 'new annotation' when n.added_seq is null then 'other votes'
        else 'annotation not used before' end || ' (' || c.origin || ')', 'by ' || n.annotator
from changed c left join answers n on n.sample_id = c.sample_id and n.task = c.task and n.origin = c.origin
    and n.label is not distinct from c.label and n.unsafe is not distinct from c.unsafe
where in_a and in_b and before <> after
union all
select 'category', sample_id, task, category_before, category_after, 'other votes', null
from changed where in_a and in_b and before = after and category_before is distinct from category_after
union all
select 'split', sample_id, task, split_before, split_after, if(reclustered, 'another cluster', 'drawn anew'), null
from changed where in_a and in_b and split_before <> split_after
union all
select 'verdict', v.sample_id, null, {SAID.format("v")}, {SAID.format("w")}, 'another verifier', {P_UNSAFE}
from history.verdicts v join history.verdicts w using (sample_id)
where v.checkpoint_id = $judge_a and w.checkpoint_id = $judge_b and {SAID.format("v")} <> {SAID.format("w")}
    and v.sample_id in (select sample_id from pairs where in_a and in_b)"""

_AT = """select *, rowid as place from {0}.annotations where added_seq <= {1} and sample_id in (from relabelled)"""
_LABELS = "select *, if(conflict, 'conflict: ', '') || array_to_string(answers, ' / ') as answer from ({0})"
_BEFORE, _AFTER = (
    _LABELS.format(labels_of(f"{_AT.format('main', seq)} union all {_AT.format('removed', seq)}"))
    for seq in ("$a", "$b")
)
NEW = "added_seq > $a and added_seq <= $b"

BETWEEN_COMMITS = f"""
with standing as (  -- at both moments
    select sample_id from history.samples where added_seq <= $a and (removed_seq is null or removed_seq > $b)
), relabelled as materialized (
    select distinct sample_id from history.annotations where {NEW} and sample_id in (from standing)
), before as ({_BEFORE}), after as ({_AFTER}),
annotated as (
    select sample_id, task, max_by(annotator, added_seq) as annotator, max_by(origin, added_seq) as origin
    from history.annotations where {NEW} group by all
), known as (
    select * from history.rejections where added_seq <= $a
), splits_after as (
    select sample_id, max_by(split, added_seq) as split from history.splits where {NEW} group by 1
), splits_before as (
    select sample_id, max_by(split, added_seq) as split from history.splits
    where added_seq <= $a and sample_id in (select sample_id from splits_after) group by 1
), verdicts_after as (
    select max_by(v, added_seq) as v from history.verdicts v where {NEW} group by sample_id
), verdicts_before as (
    select max_by(v, added_seq) as v from history.verdicts v
    where added_seq <= $a and sample_id in (select v.sample_id from verdicts_after) group by sample_id
), made as (
    select child_id, min(relation) as relation from lineage where {NEW} and relation <> 'reward' group by 1
), met as (
    select sample_id, min(source) as source from history.occurrences where {NEW} group by 1
)
select 'added' as change, s.sample_id, null::text as task, null::text as before, null::text as after,
    coalesce('from ' || met.source, 'made by ' || made.relation, 'new sample') as why, null::text as detail
from history.samples s left join met using (sample_id) left join made on made.child_id = s.sample_id
where {NEW.replace("added_seq", "s.added_seq")} and (s.removed_seq is null or s.removed_seq > $b)
union all
select 'removed', s.sample_id, null, null, null, 'takedown', min_by(t.reason, t.added_seq)
from history.samples s join takedowns t using (sample_id)
where s.added_seq <= $a and s.removed_seq > $a and s.removed_seq <= $b group by s.sample_id
union all
select 'rejected', sample_id, null, null, null, stage || ' / ' || reason,
    coalesce('like ' || matched_id || ', similarity ' || round(similarity, 3), source || ':' || file || ':' || line)
from history.rejections j where {NEW} and not exists (
    from known k where k.sample_id is not distinct from j.sample_id and k.stage = j.stage and k.reason = j.reason
        and k.source is not distinct from j.source and k.file is not distinct from j.file
        and k.line is not distinct from j.line)
union all
select 'label', sample_id, task, b.answer, a.answer, 'new annotation (' || n.origin || ')', 'by ' || n.annotator
from after a left join before b using (sample_id, task) left join annotated n using (sample_id, task)
where a.answer is distinct from b.answer
union all
select 'split', sample_id, null, b.split, a.split, 'placed by another run', null
from splits_after a join splits_before b using (sample_id)
where a.split <> b.split and sample_id in (from standing)
union all
select 'verdict', w.sample_id, null, {SAID.format("v")}, {SAID.format("w")}, 'another verifier', {P_UNSAFE}
from (select unnest(v) from verdicts_after) w join (select unnest(v) from verdicts_before) v using (sample_id)
where {SAID.format("v")} <> {SAID.format("w")} and w.sample_id in (from standing)"""
