"""The life of one row: where it came from, what happened to it, what was made from it."""

from collections import defaultdict

import duckdb

from catalog.lineage.find import Event, query, rejected_at
from catalog.lineage.walk import ancestors, descendants

# In the order of the factory; `{now}` is `history.` for a row that was taken down.
QUESTIONS = {
    "met": """
        select source, file, line, source_id, source_label from {now}occurrences where sample_id = ? order by all""",
    "made_from": None,
    "annotated": """
        select task, label, unsafe, origin, annotator from {now}annotations where sample_id = ?
        order by added_seq, annotator""",
    "rejected": """
        select stage, reason, detail, matched_id, similarity, source, file, line from {now}rejections
        where sample_id = ? order by added_seq""",
    "passed": """
        select string_agg(s.stage, ', ' order by s.position) as stages, s.run_id from {now}splits p
        join stages m on m.stage_id = p.stage_id and m.stage = 'split'
        join stages s on s.run_id = m.run_id and s.position <= m.position and s.stage in ('filter', 'dedup', 'split')
        where p.sample_id = ? group by s.run_id order by s.run_id limit 1""",
    "cluster": """
        select cluster_id, (select count(*) from {now}clusters o where o.cluster_id = c.cluster_id
            and o.stage_id = c.stage_id) as members
        from {now}clusters c where sample_id = ?""",
    "split": "select distinct split, cluster_id from {now}splits where sample_id = ?",
    "derived": None,
    "released": """
        select r.name, r.release_id, m.split, m.task, m.label, m.unsafe from {now}release_rows m
        join releases r using (release_id) where m.sample_id = ? order by r.created_at""",
    "checkpoint": """
        select c.checkpoint_id, c.kind, m.split as role, r.name as release from checkpoints c
        join {now}release_rows m using (release_id) join releases r using (release_id)
        where m.sample_id = ? order by c.created_at""",
    "verdict": """
        select checkpoint_id, label, p_unsafe, abstained, truncated from {now}verdicts where sample_id = ?
        order by added_seq""",
    "reward": None,
    "taken_down": "select reason, requested_at, added_seq as removed_seq from takedowns where sample_id = ? order by 3",
}


def trace(connection: duckdb.DuckDBPyConnection, sample_id: str, *, depth: int | None = None) -> list[Event]:
    """The life of one sample, in the order of the factory; one that was taken down is followed all the same.

    Args:
        connection: A connection to the catalog.
        sample_id: A full id, as `find` gives it.
        depth: Steps of `made_from` and `derived`; all of them by default.

    Returns:
        Events with `event` = one of `QUESTIONS` and the columns that belong to each. `depth` is 1 for what it was made
        from, or what was made from it, directly. A reward with `via` = verifier is one that a verifier trained on this
        row gave to another row's rollout.
    """
    if ":" in sample_id:
        return rejected_at(connection, sample_id)
    taken_down = query(connection, "taken_down", QUESTIONS["taken_down"] or "", sample_id)
    now = "history." if taken_down else ""
    found = {
        kind: query(connection, kind, sql.format(now=now), sample_id)
        for kind, sql in QUESTIONS.items()
        if sql is not None
    }
    parents = ancestors(connection, sample_id, depth=depth, skip=["reward"])
    found["made_from"] = [{"event": "made_from", **edge} for edge in parents]
    found["derived"] = _derived(connection, sample_id, depth)
    found["reward"] = _rewards(connection, sample_id, now)
    return [event for kind in QUESTIONS for event in found[kind]]


def _derived(connection: duckdb.DuckDBPyConnection, sample_id: str, depth: int | None) -> list[Event]:
    """How many samples were made from it, by distance and relation."""
    made: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
    for edge in descendants(connection, sample_id, depth=depth, skip=["rollout", "reward"]):
        made[edge["depth"], edge["relation"]].add(edge["child_id"])
    return [
        {"event": "derived", "depth": steps, "relation": relation, "samples": len(children)}
        for (steps, relation), children in sorted(made.items())
    ]


def _rewards(connection: duckdb.DuckDBPyConnection, sample_id: str, now: str) -> list[Event]:
    """Rewards of the rollouts of a sample, or of itself; else one that a verifier trained on it gave."""
    children = descendants(connection, sample_id, depth=1)
    rollouts = [edge["child_id"] for edge in children if edge["relation"] == "rollout"]
    rewards = query(
        connection,
        "reward",
        """select child_id as rollout_id, parent_id as checkpoint_id, detail from lineage
           where child_id in (select unnest(?)) and relation = 'reward' order by 1, 2 limit 5""",
        [sample_id, *rollouts],
    )
    return rewards or query(
        connection,
        "reward",
        f"""with trained as (
               select c.checkpoint_id from checkpoints c join {now}release_rows m using (release_id)
               where m.sample_id = ? and m.split = 'train'
           )
           select 'verifier' as via, child_id as rollout_id, parent_id as checkpoint_id, detail from lineage
           where parent_id in (from trained) and relation = 'reward' order by 2 limit 1""",
        sample_id,
    )
