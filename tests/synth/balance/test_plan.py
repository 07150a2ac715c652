"""The emptiest cells come first, the budget is met exactly, and nothing is planned for a full cell."""

from functools import cache

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.labels import CATEGORIES, SAFETY
from synth.balance import KEY, Targets, count, holes, measured_yields, plan, wanted
from synth.balance.plan import _evenly
from synth.balance.routes import GENERATORS, ROUTES, needs_judge
from synth.generators import GENERATORS as WRITTEN

# Rows are wanted for cybercrime and for harmless requests alone, and few, so that an example takes a moment.
SMALL = Targets(
    tasks={"safety": 1},
    rows=1500,
    least_per_subcategory=0,
    cells=[{"category": id, "rows": 0} for id in sorted(CATEGORIES.keys() - {"cyber", "sexual"})],
)
DESERT = ("value", "fairness", "fairness/desert")


def by_cell(jobs):
    return dict(
        (tuple(key), rows) for *key, rows in jobs.group_by(KEY).agg(pl.col("rows").sum()).select(*KEY, "rows").rows()
    )


def test_holes_are_what_is_missing_and_surplus_is_no_hole(cells, only):
    # 6000 rows: 6000 / 10 / 6 = 100 of `fairness/desert`, in four cells.
    targets = only(rows=6000)
    found = holes(cells((*DESERT, "en", "text", "bad", 10), (*DESERT, "zh", "text", "good", 99)), targets)
    desert = found.filter(pl.col("subcategory") == "fairness/desert")
    assert desert.select("language", "label", "target", "samples", "hole", "deficit").rows() == [
        ("en", "good", 25, 0, 25, 1.0),
        ("zh", "bad", 25, 0, 25, 1.0),
        ("en", "bad", 25, 10, 15, 0.6),
        ("zh", "good", 25, 99, 0, 0.0),
    ]


def test_cells_rise_to_one_level(cells, only):
    # Two cells want 10 and have 0 and 6, all others want nothing: of 6 rows the empty one gets 6 (to 6),
    # of 8 each gets half of what is over (to 7 and 7).
    wants = [{"rows": 0}, {"subcategory": "fairness/desert", "language": "en", "rows": 10}]
    have = cells((*DESERT, "en", "text", "bad", 0), (*DESERT, "en", "text", "good", 6))
    bad, good = ((*DESERT, "en", "text", label) for label in ("bad", "good"))
    targets = only(rows=61, cells=wants)
    assert by_cell(plan(have, targets, rows=4)) == {bad: 4}
    assert by_cell(plan(have, targets, rows=8)) == {bad: 7, good: 1}
    assert by_cell(plan(have, targets, rows=100)) == {bad: 10, good: 4}


def test_requests_follow_from_the_yield(cells, only):
    targets = only(rows=61, cells=[{"rows": 0}, {"subcategory": "fairness/desert", "language": "en", "rows": 10}])
    assumed = plan(cells(), targets, rows=20)
    assert assumed.select("generator", "rows", "requests").rows() == [("value_scenario", 10, 20)] * 2
    # 10 / 0.3 = 33.3
    measured = plan(cells(), targets, rows=20, measured={"value_scenario": 0.3})
    assert measured["requests"].to_list() == [34, 34]
    with pytest.raises(ValueError, match="no generator 'x'"):
        plan(cells(), targets, rows=1, measured={"x": 0.5})


def test_a_generator_that_starts_from_rows_makes_no_more_than_they_allow(cells):
    cyber = ("safety", "cyber", "cyber/malware")
    wants = [{"rows": 0}, {"subcategory": "cyber/malware", "modality": "image", "label": "Unsafe", "rows": 9}]
    targets = Targets(tasks={"safety": 1}, rows=1, least_per_subcategory=0, cells=wants)
    assert plan(cells(), targets, rows=50).is_empty()  # a picture is lifted from a text, and there is none
    found = plan(cells((*cyber, "zh", "text", "Unsafe", 3)), targets, rows=50)
    assert found.select("generator", "language", "rows").rows() == [("lift", "zh", 3)]


def test_a_translation_comes_from_the_other_language(cells):
    cyber = ("safety", "cyber", "cyber/malware")
    wants = [{"rows": 0}, {"subcategory": "cyber/malware", "language": "zh", "modality": "text", "rows": 40}]
    targets = Targets(tasks={"safety": 1}, rows=1, least_per_subcategory=0, cells=wants)
    have = cells((*cyber, "en", "text", "Unsafe", 2), (*cyber, "fr", "text", "Unsafe", 7))
    found = plan(have, targets, rows=10_000).filter(pl.col("generator") == "translate")
    assert found.select("language", "label", "rows").rows() == [("zh", "Unsafe", 2)]


def test_a_plan_may_keep_to_some_generators(cells):
    have = cells(("safety", "cyber", "cyber/malware", "zh", "text", "Unsafe", 3))
    found = plan(have, Targets(), rows=50, generators=["persona", "lift"])
    assert set(found["generator"]) == {"persona", "lift"}
    assert plan(have, SMALL, rows=50, generators=[]).is_empty()
    with pytest.raises(ValueError, match="no generator 'personna'; did you mean persona"):
        plan(have, SMALL, rows=50, generators=["personna"])


@cache
def every_cell():
    near = pl.col("subcategory").is_null() | pl.col("subcategory").is_in(["cyber/malware", "cyber/evasion"])
    return wanted(SMALL).filter(near).select(KEY).rows()


@st.composite
def some_cells(draw):
    rows = draw(st.lists(st.tuples(st.sampled_from(every_cell()), st.integers(1, 60)), max_size=20))
    schema = dict.fromkeys(KEY, pl.String) | {"samples": pl.Int64, "clusters": pl.Int64}
    found = {key: (*key, samples, samples) for key, samples in rows}
    return pl.DataFrame(list(found.values()), schema=schema, orient="row")


@settings(max_examples=30)
@given(have=some_cells(), budgets=st.tuples(st.integers(0, 1500), st.integers(0, 1500)))
def test_budget_full_cells_and_larger_budgets(have, budgets):
    small, large = sorted(budgets)
    first, second = plan(have, SMALL, rows=small), plan(have, SMALL, rows=large)
    hole = {tuple(key): number for *key, number in holes(have, SMALL).select(*KEY, "hole").rows()}
    fewer, more = by_cell(first), by_cell(second)
    everything = plan(have, SMALL, rows=10**6)["rows"].sum()
    assert first["rows"].sum() == min(small, everything)
    assert all(rows <= hole[key] for key, rows in more.items())
    assert all(rows <= more.get(key, 0) for key, rows in fewer.items())
    # The order of the cells is no part of the answer.
    assert plan(have.reverse(), SMALL, rows=small).equals(first)


@given(st.integers(0, 200), st.lists(st.integers(0, 60), max_size=6))
def test_rows_are_shared_evenly_between_generators(rows, most):
    rows = min(rows, sum(most))
    found, one_more = _evenly(rows, most), _evenly(min(rows + 1, sum(most)), most)
    assert sum(found) == rows
    assert all(0 <= n <= top for n, top in zip(found, most, strict=True))
    assert all(n <= later for n, later in zip(found, one_more, strict=True))
    open_ = [n for n, top in zip(found, most, strict=True) if n < top]
    assert not open_ or max(found) - min(open_) <= 1


def test_every_generator_that_is_planned_for_is_there():
    assert set(GENERATORS) - {"lift", "attacks", "edits"} <= set(WRITTEN)
    assert all(0 < route.kept <= 1 for route in ROUTES)


def test_escalations_are_planned_for_risky_cells_alone(cells):
    jobs = plan(cells(), Targets(rows=9000), rows=9000).filter(pl.col("generator") == "escalation")
    assert jobs.height and jobs["subcategory"].null_count() == 0
    assert set(jobs["language"]) == {"en", "zh"} and set(jobs["modality"]) == {"text"}


def test_labels_that_an_edit_gives_need_no_judge():
    assert {label for label in SAFETY if not needs_judge("safety", label)} == {
        "Safe with refusal",
        "Unnecessary refusal",
        "Illogical completion",
    }
    assert needs_judge("value", "good")


def test_yields_are_measured_where_enough_was_asked():
    # 60 requests to write requests, of which 10 had nothing to start from. Two rows came of them; of one a reply was
    # kept, of the other none. So (1 + 1) / (50 + 2); and (1 + 1) / (98 + 2) for the replies. A pair is one answer.
    stages = [
        ("a", "synth:benign_twin", "finished", 60),
        ("a", "synth:benign_twin", "finished", 60),  # shared by a second run: the same requests
        ("b", "synth:steered", "finished", 98),
        ("p", "synth:value_pair", "finished", 98),
        ("c", "synth:persona", "finished", 9),
        ("d", "synth:borderline", "failed", 900),
        ("e", "synth", "finished", 900),
    ]
    one, two = '{"request": "r", "answer": 0}', '{"request": "s", "answer": 0}'
    lineage = [("a", "asked-1", "risky", one), ("a", "asked-2", "risky", two), ("b", "reply-1", "asked-1", one)]
    lineage += [("b", "reply-2", "asked-2", two), ("x", "kept-too", "asked-2", None)]  # a variant, by no generator
    lineage += [("p", "good", "risky", one), ("p", "bad", "risky", one)]
    tables = {
        "stages": (stages, ["stage_id", "stage", "state", "rows_in"]),
        "lineage": (lineage, ["stage_id", "child_id", "parent_id", "detail"]),
        "splits": ([("reply-1",), ("kept-too",), ("risky",), ("good",), ("bad",)], ["sample_id"]),
        "rejections": ([("a", "no_parent")] * 10 + [("b", "empty")], ["stage_id", "reason"]),
    }
    with duckdb.connect() as connection:
        for name, (rows, columns) in tables.items():
            connection.register(name, pl.DataFrame(rows, schema=columns, orient="row").to_arrow())
        found = measured_yields(connection)
    steered, pairs = pytest.approx(2 / 100), pytest.approx(2 / 100)
    assert found == {"benign_twin": pytest.approx(2 / 52), "steered": steered, "value_pair": pairs}


def test_an_empty_corpus_is_all_hole():
    empty = pl.DataFrame(schema=dict.fromkeys(("sample_id", "prompt_id", "cluster_id", *KEY), pl.String))
    found = holes(count(empty), Targets(rows=5000, least_per_subcategory=0))
    assert found["hole"].sum() == 5000
