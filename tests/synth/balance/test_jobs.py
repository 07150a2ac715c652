"""A plan is written and read back as it was, and a plan that is wrong says where."""

import pytest

from synth.balance import Plan, Targets, plan, read_plan, write_plan


@pytest.fixture
def jobs(cells):
    have = cells(
        ("safety", "cyber", "cyber/malware", "zh", "text", "Unsafe", 3), ("value", None, None, "en", "text", "good", 5)
    )
    return plan(have, Targets(rows=9000), rows=300)


def test_a_plan_goes_round(jobs, tmp_path):
    write_plan(jobs, tmp_path / "plan.yaml")
    found = read_plan(tmp_path / "plan.yaml")
    assert found == Plan.of(jobs) and found.rows == 300
    assert [job.model_dump() for job in found.jobs] == jobs.to_dicts()
    lines = (tmp_path / "plan.yaml").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 + jobs.height  # one job a line


def test_an_empty_plan_goes_round(jobs, tmp_path):
    write_plan(jobs.clear(), tmp_path / "plan.yaml")
    assert read_plan(tmp_path / "plan.yaml") == Plan(rows=0, jobs=())


JOB = (
    "generator: translate, task: safety, category: cyber, subcategory: cyber/malware, language: zh, modality: text, "
    "label: Unsafe, rows: 2, requests: 3"
)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("generator:", "genrator:", "jobs.0.genrator: unknown key; did you mean generator?"),
        ("translate", "translat", "no generator 'translat'; did you mean 'translate'?"),
        ("Unsafe", "unsafe", "no label 'unsafe'; did you mean 'Unsafe'?"),
        ("cyber/malware", "cyber/malwear", "did you mean 'cyber/malware'?"),
        ("category: cyber,", "category: fraud,", "cyber/malware does not lie in category fraud"),
        ("language: zh", "language: fr", "jobs.0.language"),
        ("rows: 2", "rows: 3", "the jobs add up to 3, not 2"),
        ("category: cyber, subcategory: cyber/malware", "category: sexual", "nothing is generated for it (sexual)"),
        (
            "category: cyber, subcategory: cyber/malware",
            "category: violence, subcategory: violence/child-abuse",
            "nothing is generated for it (minors)",
        ),
    ],
)
def test_a_plan_that_is_wrong_says_what_to_mend(tmp_path, old, new, said):
    path = tmp_path / "plan.yaml"
    path.write_text(f"rows: 2\njobs:\n- {{{JOB}}}\n", encoding="utf-8")
    assert read_plan(path).rows == 2
    path.write_text(f"rows: 2\njobs:\n- {{{JOB.replace(old, new)}}}\n", encoding="utf-8")
    with pytest.raises(ValueError) as error:
        read_plan(path)
    assert said in str(error.value)
