"""Follow a row both ways: where it came from, what happened to it, what was made from it, and why it is missing."""

from functools import partial
from typing import Any

import duckdb

Event = dict[str, Any]


def find(connection: duckdb.DuckDBPyConnection, prefix: str) -> str:
    """The full id of a sample (kept or rejected) or checkpoint from its first characters.

    Raises:
        LookupError: If none starts so, or several do.
    """
    found = connection.execute(
        """select distinct id from (
               select sample_id as id from samples union all select sample_id from rejections
               union all select checkpoint_id from checkpoints union all select release_id from releases
           ) where starts_with(id, ?) order by 1 limit 3""",
        [prefix],
    ).fetchall()
    if len(found) != 1:
        problem = "no sample, checkpoint or release" if not found else "several ids"
        raise LookupError(
            f'{problem} begin with {prefix!r}; list some with `safeladder sql "select sample_id from rows"`'
        )
    return str(found[0][0])


def _events(connection: duckdb.DuckDBPyConnection, kind: str, sql: str, *values: Any) -> list[Event]:
    cursor = connection.execute(sql, list(values))
    names = [column[0] for column in cursor.description or ()]
    return [{"event": kind, **dict(zip(names, row, strict=True))} for row in cursor.fetchall()]


def trace(connection: duckdb.DuckDBPyConnection, sample_id: str) -> list[Event]:
    """The life of one sample, in the order of the factory.

    Returns:
        Events with `event` = met, made_from, annotated, rejected, passed, cluster, split, derived, released,
        checkpoint, verdict or reward, and the columns that belong to each. A reward with `via` = verifier is one that
        a verifier trained on this row gave to another row's rollout.
    """
    ask = partial(_events, connection)
    events = ask(
        "met", "select source, file, line, source_id, source_label from occurrences where sample_id = ?", sample_id
    )
    events += ask(
        "made_from",
        "select parent_id, relation, seed, detail from lineage where child_id = ? and relation <> 'reward'",
        sample_id,
    )
    events += ask(
        "annotated", "select task, label, unsafe, origin, annotator from annotations where sample_id = ?", sample_id
    )
    events += ask(
        "rejected",
        """select stage, reason, detail, matched_id, similarity, source, file, line from rejections
           where sample_id = ?""",
        sample_id,
    )
    events += ask(
        "passed",
        """select string_agg(s.stage, ', ' order by s.position) as stages, s.run_id from splits p
           join stages m on m.stage_id = p.stage_id and m.stage = 'split'
           join stages s on s.run_id = m.run_id and s.position <= m.position and s.stage in ('filter', 'dedup', 'split')
           where p.sample_id = ? group by s.run_id order by s.run_id limit 1""",
        sample_id,
    )
    events += ask(
        "cluster",
        """select cluster_id, (select count(*) from clusters o where o.cluster_id = c.cluster_id
           and o.stage_id = c.stage_id) as members from clusters c where sample_id = ?""",
        sample_id,
    )
    events += ask("split", "select distinct split, cluster_id from splits where sample_id = ?", sample_id)
    events += ask(
        "derived",
        """select relation, count(distinct child_id) as samples from lineage where parent_id = ?
           and relation not in ('rollout', 'reward') group by 1 order by 1""",
        sample_id,
    )
    events += ask(
        "released",
        """select r.name, r.release_id, m.split, m.task, m.label, m.unsafe from release_rows m
           join releases r using (release_id) where m.sample_id = ? order by r.created_at""",
        sample_id,
    )
    events += ask(
        "checkpoint",
        """select c.checkpoint_id, c.kind, m.split as role, r.name as release from checkpoints c
           join release_rows m using (release_id) join releases r using (release_id)
           where m.sample_id = ? order by c.created_at""",
        sample_id,
    )
    events += ask(
        "verdict",
        "select checkpoint_id, label, p_unsafe, abstained, truncated from verdicts where sample_id = ?",
        sample_id,
    )
    events += ask(
        "reward",
        """select l.child_id as rollout_id, w.parent_id as checkpoint_id, w.detail from lineage l
           join lineage w on w.child_id = l.child_id and w.relation = 'reward'
           where l.relation = 'rollout' and (l.child_id = ? or l.parent_id = ?) order by 1 limit 5""",
        sample_id,
        sample_id,
    )
    if not any(event["event"] == "reward" for event in events):
        events += ask(
            "reward",
            """select 'verifier' as via, child_id as rollout_id, parent_id as checkpoint_id, detail from lineage w
               join checkpoints c on c.checkpoint_id = w.parent_id join release_rows m using (release_id)
               where w.relation = 'reward' and m.sample_id = ? and m.split = 'train' order by 2 limit 1""",
            sample_id,
        )
    return events


def why(connection: duckdb.DuckDBPyConnection, sample_id: str) -> list[Event]:
    """Why a sample is not in the latest release; an empty list means that it is in it."""
    if connection.execute(
        """select 1 from release_rows where sample_id = ? and release_id =
           (select release_id from releases order by created_at desc limit 1)""",
        [sample_id],
    ).fetchone():
        return []
    reasons = _events(
        connection,
        "rejected",
        """select distinct j.stage, j.reason, j.detail, j.matched_id, j.similarity, j.source, j.file, j.line,
               (select count(*) > 0 from release_rows m where m.sample_id = j.matched_id) as match_is_released
           from rejections j where j.sample_id = ?""",
        sample_id,
    )
    if reasons:
        return reasons
    labelled = connection.execute(
        "select count(*) from annotations where sample_id = ? and (label is not null or unsafe is not null)",
        [sample_id],
    ).fetchone()
    if labelled and labelled[0]:
        return [
            {
                "event": "missing",
                "reason": "not_in_release",
                "detail": "labelled, but not in the run of that release",
            }
        ]
    return [
        {"event": "missing", "reason": "no_label", "detail": "nobody has labelled it: a release holds labelled rows"}
    ]
