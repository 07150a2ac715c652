"""The questions of the report, as SQL that anyone can repeat with `safeladder sql`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """One table of the report; `plot` names (x, y, colour) where it is drawn too."""

    title: str
    sql: str
    plot: tuple[str, str, str | None] | None = None


def questions(run_id: str, release_id: str, verifier: str | None) -> list[Question]:
    """The questions for one run, its release and its verifier."""
    stage = f"(select stage_id from stages where run_id = '{run_id}')"
    release, checkpoint = f"'{release_id}'", f"'{verifier}'"
    side_by_side = ", ".join(
        f"max(round({column}, 3)) filter (model = '{model}') as {model if column == 'value' else f'{model}_{column}'}"
        for model in ("verifier", "baseline")
        for column in ("value", "low", "high")
    )
    side_by_side += ", max(n) as n, max(positives) as unsafe"
    return [
        Question(
            "Every row accounted for",
            f"""select stage, rows_in, rows_out, rejected, failed, created, round(seconds, 1) as seconds,
    rows_in = rows_out + rejected + failed as adds_up
from stages where run_id = '{run_id}' order by position""",
        ),
        Question(
            "Why rows left",
            f"""select stage, reason, count(*) as rows from rejections
where stage_id in {stage} group by all order by rows desc, stage, reason""",
            ("rows", "reason", "stage"),
        ),
        Question(
            "What share of each source left, after it was read",
            f"""select source, rows, filtered, copies, in_exams,
    round((filtered + copies + in_exams) / rows, 3) as share
from (select source, count(*) as rows from occurrences group by all)
join (select source, count(*) filter (stage = 'filter') as filtered, count(*) filter (stage = 'dedup') as copies,
    count(*) filter (stage = 'decontaminate') as in_exams
    from rejections where stage_id in {stage} group by all) using (source)
where filtered + copies + in_exams > 0 order by share desc, source""",
        ),
        Question(
            "Copies whose labels contradict each other",
            f"""select source, task, coalesce(label, if(unsafe, 'unsafe', 'safe')) as label,
    coalesce(matched_label, if(matched_unsafe, 'unsafe', 'safe')) as preferred, count(*) as rows
from label_conflicts where stage_id in {stage} group by all order by rows desc, source, task, label""",
        ),
        Question(
            "What was released",
            f"""select coalesce(label, if(unsafe, 'unsafe (binary)', 'safe (binary)')) as label, task, split,
    count(*) as rows
from release_rows where release_id = {release} group by all order by task, label, split""",
            ("rows", "label", "split"),
        ),
        Question(
            "Where the released rows come from",
            f"""select coalesce(o.source, 'synth') as source, r.split, count(distinct r.sample_id) as rows
from release_rows r left join (select sample_id, min(source) as source from occurrences group by 1) o using (sample_id)
where r.release_id = {release} group by all order by rows desc, source, split""",
            ("rows", "source", "split"),
        ),
        Question(
            "The verifier on the test split, beside TF-IDF on the same rows (95% intervals over prompt clusters)",
            f"""select metric, {side_by_side}
from checkpoint_metrics
where checkpoint_id = {checkpoint} and split = 'test' and slice = 'all' and model in ('verifier', 'baseline')
group by metric order by metric""",
        ),
        Question(
            "AUROC per slice of the test split",
            f"""select slice, {side_by_side}
from checkpoint_metrics
where checkpoint_id = {checkpoint} and split = 'test' and metric = 'auroc' and slice <> 'all'
group by slice order by slice""",
        ),
        Question(
            "How sure the verifier is",
            f"""select least(floor(p_unsafe * 10) / 10, 0.9) as from_p_unsafe, r.split, count(*) as rows
from verdicts v join release_rows r using (sample_id)
where v.checkpoint_id = {checkpoint} and r.release_id = {release} and not abstained group by all order by 1, 2""",
            ("from_p_unsafe", "rows", "split"),
        ),
        Question(
            "Rewards of the RL rollouts",
            f"""select cast(json_extract(detail, '$.step') as int) as step,
    round(avg(cast(json_extract(detail, '$.total') as double)), 3) as mean_reward,
    count(*) as rollouts, count(*) - count(cast(json_extract(detail, '$.total') as double)) as not_scored
from lineage where relation = 'reward' and stage_id in {stage} group by 1 order by 1""",
            ("step", "mean_reward", None),
        ),
    ]
