"""The views: the questions that everyone asks, ready to be queried, each column with what it means."""

from dataclasses import dataclass

import duckdb

from catalog.releases import ORIGINS


@dataclass(frozen=True)
class View:
    """A view: its query, one sentence about it, and what each column means, in order."""

    sql: str
    about: str
    columns: dict[str, str]


def labels_of(annotations: str) -> str:
    """The rule of `releases.resolve_labels` as a query: one row per sample and task.

    Args:
        annotations: A query that gives rows of `annotations` and `place`, which orders those of one commit.
    """
    return f"""
with given as (
    select *, row_number() over (
        partition by sample_id, task, annotator, origin order by added_seq desc, place desc) as nth
    from ({annotations})
), ranked as (
    select *, coalesce(nullif(list_position({list(ORIGINS)}, origin), 0), 99) as rank from given
    where (origin <> 'review' or nth = 1) and (label is not null or unsafe is not null)
), best as (
    select *, bool_or(label is not null) over (partition by sample_id, task, rank) as detailed from ranked
    qualify rank = min(rank) over (partition by sample_id, task)
), answers as (
    select sample_id, task, origin, label, unsafe, count(*) as votes, min(category) as category,
        max(added_seq) as added_seq
    from best where label is not null or not detailed group by all
), winners as (
    select * from answers qualify votes = max(votes) over (partition by sample_id, task)
)
select sample_id, task,
    case when count(*) = 1 then any_value(label) end as label,
    case when count(*) = 1 then any_value(unsafe) end as unsafe,
    case when count(*) = 1 then any_value(category) end as category,
    any_value(origin) as origin, any_value(votes) as votes, count(*) > 1 as conflict,
    list(coalesce(label, case when unsafe then 'unsafe (binary)' else 'safe (binary)' end) order by label, unsafe)
        as answers,
    max(added_seq) as added_seq
from winners group by sample_id, task"""


LATEST = "(select release_id from releases order by added_seq desc, name limit 1)"

ROWS = f"""
with turns as (
    select *, messages[-1].role = 'assistant' as answered from samples
), texts as (
    select *,
        list_transform(messages, lambda m: array_to_string(
            list_transform(list_filter(m.content, lambda p: p.type = 'text'), lambda p: p.text), chr(10))) as said,
        len(list_filter(flatten(list_transform(messages, lambda m: m.content)), lambda p: p.type = 'image')) as pictures
    from turns
), met as (
    select sample_id, min_by(source, (file, line)) as source, count(*) as met from occurrences group by 1
), latest as (
    select * from release_rows where release_id = {LATEST}
)
select
    t.sample_id, t.prompt_id,
    array_to_string(case when answered then said[:-2] else said end, chr(10)) as prompt,
    case when answered then said[-1] end as response,
    pictures as images, met.source, met.met as occurrences,
    latest.release_id, latest.split, latest.task, latest.label, latest.unsafe, latest.category, latest.origin,
    t.added_seq
from texts t left join met using (sample_id) left join latest using (sample_id)"""

DUPLICATES = """
select sample_id, matched_id, reason, similarity, stage, source, file, line, added_seq
from rejections where matched_id is not null"""

DISAGREEMENTS = f"""
select r.sample_id, v.checkpoint_id, r.split, r.category, r.origin,
    r.label, r.unsafe, v.label as verdict, v.p_unsafe, v.added_seq
from release_rows r join verdicts v using (sample_id)
where r.release_id = {LATEST} and r.task = 'safety' and not v.abstained
    and case when r.label is null then r.unsafe <> (v.label = 'Unsafe') else r.label <> v.label end"""

REMOVALS = """
with seen as (
    select m.sample_id, list(distinct r.name order by r.name) as releases,
        list(distinct c.checkpoint_id order by c.checkpoint_id) filter (c.checkpoint_id is not null) as checkpoints
    from history.release_rows m join releases r using (release_id) left join checkpoints c using (release_id)
    where m.sample_id in (select sample_id from takedowns) group by 1
)
select t.sample_id, min_by(t.reason, t.added_seq) as reason, min(t.requested_at) as requested_at,
    min(t.added_seq) as removed_seq, any_value(s.releases) as releases, any_value(s.checkpoints) as checkpoints
from takedowns t left join seen s using (sample_id) group by t.sample_id"""

SAMPLE = "The sample"
ADDED = "Commit that brought it (`commits.seq`)"
VIEWS = {
    "rows": View(
        ROWS,
        "One row per sample and task: its text, where it was met, and its label in the latest release",
        {
            "sample_id": SAMPLE,
            "prompt_id": "sha256 of what was asked: rows with one prompt share it",
            "prompt": "Text of every turn before the last reply",
            "response": "Text of the last reply; null for a prompt alone",
            "images": "Pictures in the exchange",
            "source": "Where it was met first; null for a made row",
            "occurrences": "How often it was met",
            "release_id": "The latest release; null for a row that is not in it",
            "split": "train, calibration or test",
            "task": "safety, value or knowledge",
            "label": "Label in that release; null where only the binary reading is known",
            "unsafe": "Binary reading in that release; null for other tasks",
            "category": "Category of the taxonomy, where known",
            "origin": "Whose answer the label is: review, human, machine or construction",
            "added_seq": ADDED,
        },
    ),
    "labels": View(
        labels_of("select *, rowid as place from annotations"),
        "One row per sample and task: the label that a release of today would choose among all annotations",
        {
            "sample_id": SAMPLE,
            "task": "safety, value or knowledge",
            "label": "The chosen label; null for a conflict, or where only the binary reading is known",
            "unsafe": "Its binary reading; null for a conflict and for other tasks",
            "category": "Category of the taxonomy, where known",
            "origin": "The best origin among the annotations: review, human, machine or construction",
            "votes": "Labellers of that origin behind the answer",
            "conflict": "True where several answers tie: no label, until a reviewer settles it",
            "answers": "The answer, or those that tie",
            "added_seq": "Commit of the newest annotation behind the answer",
        },
    ),
    "duplicates": View(
        DUPLICATES,
        "One row per copy that left, with the row that was kept instead",
        {
            "sample_id": "The copy",
            "matched_id": "The sample that was kept",
            "reason": "exact_duplicate or near_duplicate",
            "similarity": "Jaccard similarity of the two, 0 to 1",
            "stage": "Stage that found it",
            "source": "Source of the copy",
            "file": "File inside the source",
            "line": "Record number in that file, from 1",
            "added_seq": ADDED,
        },
    ),
    "disagreements": View(
        DISAGREEMENTS,
        "One row per safety verdict that says otherwise than the label in the latest release",
        {
            "sample_id": SAMPLE,
            "checkpoint_id": "The verifier",
            "split": "train, calibration or test",
            "category": "Category of the taxonomy, where known",
            "origin": "Whose answer the label is",
            "label": "Label in the release; null where only the binary reading is known",
            "unsafe": "Binary reading in the release",
            "verdict": "Label that the verifier found most probable",
            "p_unsafe": "Calibrated P(Unsafe)",
            "added_seq": "Commit of the verdict",
        },
    ),
    "removals": View(
        REMOVALS,
        "One row per sample that was taken down, with the releases and checkpoints that it had reached",
        {
            "sample_id": SAMPLE,
            "reason": "Why it must leave",
            "requested_at": "When it was first asked",
            "removed_seq": "Commit of the takedown",
            "releases": "Names of the releases that hold it; null if none does",
            "checkpoints": "Checkpoints trained on those releases; null if none was",
        },
    ),
}


def create(connection: duckdb.DuckDBPyConnection, *, labels: str = VIEWS["labels"].sql) -> None:
    """Make the views in the default database.

    Args:
        connection: Whose default database has the tables.
        labels: Query of the view `labels`, which needs more of a table than another view can show.
    """
    for name, view in VIEWS.items():
        connection.execute(f"create or replace view {name} as {labels if name == 'labels' else view.sql}")
