import threading
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import update

from catalog import Accounting, Output, Stage, Store, attempts, execute, fingerprints, ledger, plan
from catalog.locks import held
from catalog.runs import LEFT_OUT, is_running


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


def test_a_run_is_worked_on_by_one_process_and_two_runs_may_go_on_at_once(store):
    seen = []

    def work(context):
        (run_id,) = store.read("runs")["run_id"]
        assert is_running(store, run_id)
        with pytest.raises(RuntimeError, match="another process works on this run"):
            execute(store, name="r", recipe={}, stages=[Stage("a", work)])
        execute(store, name="other", recipe={"x": 1}, stages=[stage("b", calls=seen)])
        return Output(Accounting())

    run_id = execute(store, name="r", recipe={}, stages=[Stage("a", work)])
    assert seen == ["b"] and not is_running(store, run_id)
    assert store.read("runs")["state"].to_list() == ["finished", "finished"]


def test_a_stage_that_another_run_is_at_is_waited_for_and_reused(store):
    calls = []
    shared = stage("a", calls=calls)
    lock = held(store, f"stage-{fingerprints([shared])['a']}")
    lock.__enter__()
    waiting = threading.Thread(
        target=execute, args=(Store(store.path),), kwargs=dict(name="r", recipe={}, stages=[shared])
    )
    waiting.start()
    waiting.join(0.5)
    assert waiting.is_alive() and not calls
    other = {"stage_id": fingerprints([shared])["a"], "rows_in": 3, "rows_out": 2, "rejected": 1, "failed": 0}
    store.commit(other["stage_id"], {}, entries={"stage_results": [other | {"created": 0, "seconds": 0.0}]})
    lock.__exit__(None, None, None)
    waiting.join(10)
    assert not calls and store.read("stages")["state"].to_list() == ["finished"]


def test_the_page_on_stores_shows_what_a_fingerprint_leaves_out():
    page = (Path(__file__).parents[2] / "docs" / "stores.md").read_text(encoding="utf-8")
    for what, reason in LEFT_OUT.items():
        assert f"| {what} | {reason} |" in page


def test_a_stage_shared_by_two_runs_is_accounted_for_in_both(store):
    execute(store, name="one", recipe={"x": 1}, stages=[stage("a")])
    execute(store, name="two", recipe={"x": 2}, stages=[stage("a"), stage("b", after=("a",))])
    assert store.read("stages")["rows_in"].to_list() == [3, 3, 3]


def test_what_was_running_when_another_run_begins_was_killed(store):
    def killed(context):
        raise SystemExit  # leaves as a kill does: nobody writes what became of the run

    chain = [Stage("a", killed)]
    with pytest.raises(SystemExit):
        execute(store, name="one", recipe={"x": 1}, stages=chain)
    with ledger.writing(store.ledger) as connection:  # what a kill leaves in the ledger
        for table in (ledger.runs, ledger.stages):
            connection.execute(update(table).values(state="running"))
    execute(store, name="two", recipe={"x": 2}, stages=[stage("b")])
    assert dict(store.read("runs").select("name", "state").rows()) == {"one": "killed", "two": "finished"}
    assert dict(store.read("stages").select("stage", "state").rows()) == {"a": "killed", "b": "finished"}


def stumbling(store, bad):
    """A stage over ten rows that fails on some, and one that counts what the first gave; `asked` says what was done."""
    asked = []

    def first(context):
        before = set(context.read_before("rejections")["sample_id"]) if context.before else None
        todo = sorted(before or (str(n) for n in range(10)))
        asked.append(todo)
        failed = [n for n in todo if n in bad]
        rejections = pl.DataFrame({"sample_id": failed}, schema={"sample_id": pl.String}).with_columns(
            stage=pl.lit("a"),
            reason=pl.lit("failed"),
            **{n: pl.lit(None, pl.String) for n in ("detail", "matched_id", "source", "file")},
            **{"similarity": pl.lit(None, pl.Float64), "line": pl.lit(None, pl.Int64)},
        )
        return Output(Accounting(10, 10 - len(failed), failed=len(failed)), {"rejections": rejections})

    second = Stage("b", lambda context: Output(Accounting(1, 1)), after=("a",))
    return [Stage("a", first), second], asked


def test_rows_that_fail_do_not_stop_a_run_and_are_asked_again_only_on_demand(store):
    bad = {"3", "7"}
    chain, asked = stumbling(store, bad)
    execute(store, name="r", recipe={}, stages=attempts(store, chain))
    assert store.read("stages")["failed"].to_list() == [2, 0]
    execute(store, name="r", recipe={}, stages=attempts(store, chain))
    assert len(asked) == 1  # without being told to, nothing is done twice
    bad.clear()
    again = attempts(store, chain, retry=True)
    execute(store, name="r", recipe={}, stages=again)
    assert asked[1] == ["3", "7"]
    # what came of it is what counts from now on, and what follows was done anew
    assert fingerprints(attempts(store, chain)) == fingerprints(again)
    assert fingerprints(again)["b"] != fingerprints(chain)["b"]
    assert [done for _, _, done in plan(store, attempts(store, chain, retry=True))] == [True, True]
    assert len(asked) == 2


def test_rows_that_fail_again_change_nothing(store):
    chain, asked = stumbling(store, {"3"})
    execute(store, name="r", recipe={}, stages=chain)
    with pytest.raises(RuntimeError, match="have failed again"):
        execute(store, name="r", recipe={}, stages=attempts(store, chain, retry=True))
    assert asked[1] == ["3"]
    assert [done for _, _, done in plan(store, attempts(store, chain))] == [True, True]
    assert fingerprints(attempts(store, chain)) == fingerprints(chain)


def test_pieces_of_an_attempt_that_failed_are_never_used_again(store):
    bad = {"3"}
    chain, _ = stumbling(store, bad)
    first, left = chain[0].work, []

    def work(context):
        left.append(context.workdir.joinpath("piece").exists())
        context.workdir.joinpath("piece").touch()
        if context.before and len(left) == 3:
            raise KeyboardInterrupt
        return first(context)

    chain[0] = replace(chain[0], work=work)
    execute(store, name="r", recipe={}, stages=chain)
    for error in (RuntimeError, KeyboardInterrupt):
        with pytest.raises(error):
            execute(store, name="r", recipe={}, stages=attempts(store, chain, retry=True))
    bad.clear()
    execute(store, name="r", recipe={}, stages=attempts(store, chain, retry=True))
    assert left == [False] * 4


def test_two_stages_of_one_name_are_refused(store):
    with pytest.raises(ValueError, match="two stages of the run have the name a"):
        execute(store, name="r", recipe={}, stages=[stage("a"), stage("a", config={"x": 1})])


def test_a_retry_that_was_killed_is_gone_on_with_by_the_same_words(store):
    bad = {"3", "7"}
    chain, asked = stumbling(store, bad)
    chain[1] = replace(chain[1], config={"then": 1})
    execute(store, name="r", recipe={}, stages=attempts(store, chain))
    bad.discard("3")

    def killed(context):
        raise KeyboardInterrupt

    again = attempts(store, chain, retry=True)
    with pytest.raises(KeyboardInterrupt):
        execute(store, name="r", recipe={}, stages=[again[0], replace(again[1], work=killed)])
    goes_on = attempts(store, chain, retry=True)
    assert fingerprints(goes_on) == fingerprints(again)
    run_id = execute(store, name="r", recipe={}, stages=goes_on)
    assert len(asked) == 2 and store.read("stages").filter(run_id=run_id)["failed"].to_list() == [1, 0]
