"""Why a row is not in the latest release."""

import duckdb

from catalog.lineage.find import Event, query, rejected_at
from catalog.read_model.views import LATEST


def why(connection: duckdb.DuckDBPyConnection, sample_id: str) -> list[Event]:
    """Why a sample is not in the latest release; an empty list means that it is in it.

    Returns:
        Events `taken_down`; `rejected`, the latest first, with stage, reason and for a duplicate the row that was
        kept; or `missing` with `reason` = no_label, failed or not_in_run and `detail`.
    """
    if ":" in sample_id:
        return rejected_at(connection, sample_id)
    released = connection.execute(
        f"select 1 from release_rows where sample_id = ? and release_id = {LATEST}", [sample_id]
    ).fetchall()
    if released:
        return []
    return (
        query(
            connection,
            "taken_down",
            "select reason, requested_at, added_seq as removed_seq from takedowns where sample_id = ? order by 3",
            sample_id,
        )
        or _rejections(connection, sample_id)
        or [_missing(connection, sample_id)]
    )


def _rejections(connection: duckdb.DuckDBPyConnection, sample_id: str) -> list[Event]:
    events = query(
        connection,
        "rejected",
        """select stage, reason, detail, matched_id, similarity, source, file, line,
               if(matched_id is null, null, (select count(*) > 0 from release_rows m where m.sample_id = j.matched_id))
                   as match_is_released
           from rejections j where j.sample_id = ? group by all order by max(added_seq) desc""",
        sample_id,
    )
    for event in events:
        if event["reason"] == "label_conflict":
            tied = connection.execute(
                "select origin, answers from labels where sample_id = ? and conflict order by task", [sample_id]
            ).fetchall()
            event["detail"] = event["detail"] or "; ".join(
                f"{' / '.join(answers)} tie among the {origin} answers" for origin, answers in tied
            )
    return events


def _missing(connection: duckdb.DuckDBPyConnection, sample_id: str) -> Event:
    labelled = connection.execute(
        "select count(*) from annotations where sample_id = ? and (label is not null or unsafe is not null)",
        [sample_id],
    ).fetchall()
    if not labelled[0][0]:
        detail = "nobody has labelled it: a release holds labelled rows"
        return {"event": "missing", "reason": "no_label", "detail": detail}
    failed = connection.execute(
        """select s.stage, s.failed, s.run_id from samples m
           join stages f on f.stage_id = m.stage_id join stages s on s.run_id = f.run_id and s.position > f.position
           where m.sample_id = ? and s.failed > 0
               and not exists (from splits p where p.sample_id = m.sample_id) order by s.position limit 1""",
        [sample_id],
    ).fetchall()
    if failed:
        stage, rows, run_id = failed[0]
        detail = f"not placed by run {run_id[:12]}, whose stage {stage} failed on {rows} rows: `safeladder status`"
        return {"event": "missing", "reason": "failed", "detail": detail}
    detail = "labelled, but not in the run of that release"
    return {"event": "missing", "reason": "not_in_run", "detail": detail}
