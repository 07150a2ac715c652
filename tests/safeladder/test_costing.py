"""What a run will take is measured on a few rows that go the whole way; what nobody could try is not made up."""

import json

import polars as pl
import pytest

from catalog import Store, with_text
from safeladder import costing, generating
from synth.balance import Job, Plan
from synth.inference import Endpoint
from tests.safeladder.test_generate import FRAUD, run, write
from tests.synth.inference.faults import Server, running

CELL = {"task": "safety", "label": "Safe with refusal", "language": "en", "modality": "text", "rows": 1} | FRAUD
VALUE = {"task": "value", "label": "good", "category": "fairness", "subcategory": "fairness/desert", "language": "en"}
JUDGES = ("illogical", "refusal", "safety_label", "unsafe_tokens")


def recipe(server, *jobs, judges=JUDGES, **options):
    planned = tuple(Job(**CELL | {"requests": 4} | job) for job in jobs)
    writer = Endpoint(url=server.url, model="m", timeout_s=5)
    return generating.recipe_of(Plan(rows=len(jobs), jobs=planned), writer, name="made", judges=judges, **options)


def measured(made, tmp_path, **others):
    return {part.stage: part for part in costing.cost(made, Store(tmp_path / "store"), **others)}


def flawless(body):
    """As `write`, and every answer parses."""
    return write(body | {"seed": body["seed"] // 7 * 7 + 1})


HARMFUL = [{"generator": "harmful_request"}, {"generator": "harmful_request", "language": "zh"}]
TWIN = {"generator": "benign_twin", "category": None, "subcategory": None, "label": "Safe without risk"}


def test_a_small_plan_is_tried_whole_and_costs_what_the_run_then_takes(tmp_path):
    with running(Server(write=write)) as server:
        made = recipe(server, *HARMFUL, TWIN)
        parts = measured(made, tmp_path)
        asked = sum(server.tries.values())
        store = run(made, tmp_path)
        ran = sum(server.tries.values()) - asked
    stages = {row["stage"]: row for row in store.read("stages").iter_rows(named=True)}
    assert list(parts) == [
        *("synth:harmful_request", "synth:benign_twin", "synth:steered"),
        *("judge:safety_label", "judge:unsafe_tokens"),
    ]
    for name, part in parts.items():
        in_vain = store.read("rejections", batch_id=stages[name]["stage_id"]).filter(reason="no_parent").height
        assert part.requests == stages[name]["rows_in"] - in_vain, name
        assert (part.prompt_tokens, part.tokens) == (7 * part.requests, 3 * part.requests)
        assert part.hours > 0 and part.known == "measured"
        assert part.parsed == (round(stages[name]["rows_out"] / part.requests, 3) if "synth" in name else None)
    whole = costing.total(list(parts.values()))
    assert whole.requests == asked == ran
    assert (whole.prompt_tokens, whole.tokens, whole.known) == (7 * ran, 3 * ran, "measured")
    assert whole.hours == pytest.approx(sum(part.hours for part in parts.values()))


def test_a_large_plan_is_scaled_up_from_what_parsed(tmp_path):
    with running(Server(write=flawless)) as server:
        parts = measured(recipe(server, {"generator": "harmful_request", "requests": 3200}), tmp_path)
        assert sum(server.tries.values()) == 4 * costing.MOST
    assert {part.requests for part in parts.values()} == {3200}
    with running(Server(write=write)) as server:
        parts = measured(recipe(server, {"generator": "harmful_request", "requests": 3200}), tmp_path)
    parsed = parts["synth:harmful_request"].parsed
    assert 0 < parsed < 1 and parts["synth:steered"].requests == pytest.approx(3200 * parsed, abs=2)
    replied = 3200 * parsed * parts["synth:steered"].parsed
    assert parts["judge:safety_label"].requests == pytest.approx(replied, rel=0.01)


def test_judges_of_another_task_are_asked_nothing(tmp_path):
    with running(Server(write=flawless)) as server:
        both = [{"generator": "harmful_request"}, {"generator": "value_scenario", **VALUE, "requests": 5}]
        parts = measured(recipe(server, *both, judges=("safety_label", "value_tokens")), tmp_path)
        assert parts["judge:safety_label"].requests == 4
        assert parts["judge:value_tokens"].requests == 10  # a pair is one answer with two rows
        large = HARMFUL[0] | {"requests": 400}
        parts = measured(recipe(server, large, judges=("safety_label", "value_tokens")), tmp_path)
    assert parts["judge:value_tokens"].requests == parts["judge:value_tokens"].hours == 0


def test_what_could_not_be_tried_is_unknown(tmp_path):
    with running(Server(write=lambda body: '{"cut off')) as server:
        none = measured(recipe(server, *HARMFUL, TWIN), tmp_path)
        parts = measured(recipe(server, HARMFUL[0] | {"requests": 400}, TWIN), tmp_path)
    assert {part.known for part in none.values()} == {"measured"}  # all was tried, so nothing will follow
    assert [part.requests for part in none.values()] == [8, 0, 0, 0, 0]
    written = parts.pop("synth:harmful_request")
    assert (written.requests, written.parsed, written.known) == (400, 0.0, "measured")
    assert parts["synth:benign_twin"].requests == 4  # so much the plan says
    for part in parts.values():
        assert (part.tokens, part.hours, part.known) == (None, None, "unknown"), part
    assert parts["synth:steered"].requests is parts["judge:safety_label"].requests is None
    whole = costing.total([written, *parts.values()])
    assert (whole.requests, whole.known) == (404, "at least")


def test_rows_of_a_release_are_tried_too_and_what_was_measured_is_kept(tmp_path):
    with running(Server(write=flawless)) as server:
        run(recipe(server, *HARMFUL, judges=("illogical", "refusal", "safety_label")), tmp_path)
        turned = [{"generator": "translate", "language": "zh"}, {"generator": "rollout"}]
        made = recipe(server, *turned, parents="made", rollouts=2)
        kept = {"kept": tmp_path / "kept"}
        before = sum(server.tries.values())
        parts = measured(made, tmp_path, **kept)
        tries = sum(server.tries.values())
        assert measured(made, tmp_path, **kept) == parts and sum(server.tries.values()) == tries > before
    assert parts["synth:translate"].known == parts["synth:rollout"].known == "measured"
    released = Store(tmp_path / "store").read("release_rows").height
    assert 0 < parts["synth:rollout"].requests <= 4 and released
    (file,) = kept["kept"].iterdir()
    assert len(json.loads(file.read_bytes())) == len(parts)
    assert Store(tmp_path / "store").read("stages").filter(pl.col("stage") == "synth:rollout").is_empty()


def test_a_conversation_takes_a_request_for_each_turn(tmp_path):
    with running(Server(write=flawless)) as server:
        made = recipe(server, *HARMFUL, judges=("safety_label",), rollouts=2)
        jobs = tuple(job.model_copy(update={"generator": "escalation"}) for job in made.generate.jobs)
        made = made.model_copy(update={"generate": made.generate.model_copy(update={"jobs": jobs})})
        parts = measured(made, tmp_path)
    assert parts["synth:escalation"].requests == 8
    assert parts["synth:rollout"].requests == 8 * 2 * 3  # two conversations of three turns each
    assert parts["judge:safety_label"].requests == 16


def test_a_reply_that_the_release_has_already_is_no_row_and_is_not_judged(tmp_path):
    with running(Server(write=flawless)) as server:
        store = run(recipe(server, *HARMFUL, judges=("illogical", "refusal", "safety_label")), tmp_path)
    rows = with_text(store.read("samples")).drop_nulls("response")
    said = dict(rows.select("prompt", "response").iter_rows())

    def again(body):
        return next((reply for prompt, reply in said.items() if prompt in str(body)), None) or flawless(body)

    with running(Server(write=again)) as server:
        parts = measured(recipe(server, {"generator": "rollout"}, parents="made"), tmp_path)
    assert parts["synth:rollout"].requests and parts["synth:rollout"].parsed == 0
    assert parts["judge:safety_label"].requests in (0, None)
