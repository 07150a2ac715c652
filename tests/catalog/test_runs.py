import pytest

from catalog import Accounting, Output, Stage, execute, fingerprints, plan
from catalog.runs import only_run


def stage(name, *, after=(), config=None, reads=None, accounting=None, calls=None, version=1):
    def work(context):
        if calls is not None:
            calls.append(name)
        return Output(accounting or Accounting(3, 2, rejected=1))

    return Stage(name, work, after=after, config=config or {}, reads=reads or {}, version=version)


def test_a_second_run_of_the_same_recipe_reuses_every_stage(store):
    calls = []
    chain = [stage("a", calls=calls), stage("b", after=("a",), calls=calls)]
    first = execute(store, name="r", recipe={"x": 1}, stages=chain)
    second = execute(store, name="r", recipe={"x": 1}, stages=chain)
    assert first == second and calls == ["a", "b"]
    assert store.read("stages")["state"].to_list() == ["finished", "finished"]


@pytest.mark.parametrize("changed", [{"config": {"k": 2}}, {"reads": {"file": "2"}}, {"version": 2}])
def test_a_change_reaches_every_stage_that_depends_on_it_and_no_other(changed):
    def chain(**change):
        base = {"config": {"k": 1}, "reads": {"file": "1"}} | change
        return [stage("a"), stage("b", **base), stage("c", after=("b",)), stage("d", after=("a",))]

    before, after = fingerprints(chain()), fingerprints(chain(**changed))
    assert {name for name in before if before[name] != after[name]} == {"b", "c"}


def test_a_stage_that_loses_a_row_fails_and_commits_nothing(store):
    chain = [stage("a", accounting=Accounting(3, 1, rejected=1))]
    with pytest.raises(RuntimeError, match="3 in, but 1 out"):
        execute(store, name="r", recipe={}, stages=chain)
    assert plan(store, chain)[0][2] is False
    assert store.read("runs")["state"].to_list() == ["failed"]


def test_a_failed_run_goes_on_where_it_stopped(store):
    calls = []
    broken = Stage("b", lambda context: 1 / 0, after=("a",))
    with pytest.raises(ZeroDivisionError):
        execute(store, name="r", recipe={}, stages=[stage("a", calls=calls), broken])
    assert store.read("stages")["state"].to_list() == ["finished", "failed"]
    execute(store, name="r", recipe={}, stages=[stage("a", calls=calls), stage("b", after=("a",), calls=calls)])
    assert calls == ["a", "b"]


def test_two_runs_cannot_work_on_one_store_at_once(store):
    with only_run(store), pytest.raises(RuntimeError, match="another run"):
        execute(store, name="r", recipe={}, stages=[stage("a")])


def test_a_stage_shared_by_two_runs_is_accounted_for_in_both(store):
    execute(store, name="one", recipe={"x": 1}, stages=[stage("a")])
    execute(store, name="two", recipe={"x": 2}, stages=[stage("a"), stage("b", after=("a",))])
    assert store.read("stages")["rows_in"].to_list() == [3, 3, 3]
