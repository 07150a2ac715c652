"""`synth run` and `synth rates` as commands: what is refused at once, what is measured, what is remembered."""

import json
import re
import shlex

import polars as pl
import pytest
from aiohttp import web

from catalog import Store
from synth.balance import Job, write_plan
from tests.safeladder.test_generate import FRAUD, write
from tests.synth.inference.faults import Server, running

CELL = {"task": "safety", "label": "Safe with refusal", "language": "en", "modality": "text", "rows": 1} | FRAUD
VALUE = {"task": "value", "label": "good", "category": "fairness", "subcategory": "fairness/desert", "language": "en"}
JUDGES = ("--judge", "refusal", "--judge", "safety_label")


def plan(folder, *jobs, name="plan.yaml"):
    rows = [Job(**{**CELL, "requests": 6, **job}).model_dump() for job in jobs]
    write_plan(pl.DataFrame(rows) if rows else pl.DataFrame(schema={"rows": pl.Int64}), folder / name)
    return folder / name


@pytest.fixture
def ask(safeladder, tmp_path):
    """Run `synth run` in an empty folder; a key in the environment must be found nowhere."""

    def call(*words, check=False, cwd=tmp_path, **environment):
        given = {"OPENAI_API_KEY": "k-never-written", "OPENAI_BASE_URL": ""} | environment
        return safeladder("synth", "run", *words, cwd=cwd, store=tmp_path / "store", check=check, **given)

    return call


@pytest.fixture
def seeded(safeladder, tmp_path):
    """The store, with a release of the seed corpus."""
    recipe = tmp_path / "seed.yaml"
    recipe.write_text("{name: seed, sources: [seed], synth: null, verifier: null, release: {name: seed}}")
    safeladder("run", recipe, cwd=tmp_path, store=tmp_path / "store")
    return tmp_path / "store"


WRITE = {"generator": "harmful_request"}
NOBODY = ("--url", "http://127.0.0.1:9/v1", "--model", "m")


@pytest.mark.parametrize(
    ("jobs", "words", "says"),
    [
        ([WRITE], ("--judge", "refusals"), ["no judge 'refusals'; did you mean 'refusal'?", "safety_label"]),
        ([WRITE], ("--judge", "refusal", "--judge", "refusal"), ["judges: 'refusal' stands there twice"]),
        ([WRITE], ("--judge", "preference_tokens"), ["judges preference", "safety_label"]),
        ([WRITE], ("--judge", "helpful_score"), ["judges helpfulness"]),
        ([WRITE], ("--judge", "wildguard", "--base"), ["'wildguard' is asked through a chat template", "'m' has none"]),
        ([WRITE], ("--name", "../x"), ["release.name: '../x': a release name starts with a letter"]),
        ([], (), ["the plan asks for no row", "safeladder synth plan --rows"]),
        ([WRITE, {"generator": "lift", "modality": "image"}], (), ["these jobs start from rows: lift;", "--parents"]),
        ([{"generator": "attacks"}, {"generator": "edits"}], (), ["these jobs start from rows: attacks, edits;"]),
        ([{"generator": "paraphrase"}], (), ["these jobs start from rows: paraphrase;"]),
        ([WRITE, {"generator": "value_pair"} | VALUE], (), ["these jobs start from rows: value_pair;"]),
        ([WRITE, {"generator": "counterfactual_edit"}], (), ["these jobs start from rows: counterfactual_edit;"]),
        ([WRITE], ("--serve", "--cost"), ["safeladder models serve m", "--url"]),
    ],
)
def test_what_cannot_come_to_rows_is_refused_before_anybody_is_asked(jobs, words, says, ask, tmp_path):
    done = ask(plan(tmp_path, *jobs), *NOBODY, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ") and all(said in done.stderr for said in says), done.stderr
    assert "pydantic" not in done.stderr and "validation error" not in done.stderr
    assert not (tmp_path / "store").exists()


def test_who_writes_must_be_named_where_somebody_is_asked(ask, tmp_path):
    lift = {"generator": "lift", "modality": "image"}
    for jobs, words, says in [
        ([WRITE], (), "a model is asked by harmful_request; name it as the writer (--model NAME"),
        ([lift], ("--parents", "seed", "--judge", "safety_label"), "a model is asked by safety_label"),
        ([WRITE], ("--serve",), "--model is missing"),
        ([lift], ("--parents", "seed", "--base"), "--model is missing"),
    ]:
        done = ask(plan(tmp_path, *jobs), *words)
        assert done.returncode == 2 and says in done.stderr, done.stderr


def refusing():
    """A server that knows no model: whoever asks it stops at once."""
    return running(Server(share=1.0, times=10**9, kinds=("unknown",)))


def test_a_guard_judges_what_a_chat_model_writes_and_a_twin_goes_on_from_requests(ask, tmp_path):
    twin = {"generator": "benign_twin", "category": None, "subcategory": None, "label": "Safe without risk"}
    with refusing() as server:
        done = ask(plan(tmp_path, WRITE, twin), "--url", server.url, "--model", "m", "--judge", "wildguard", "--yes")
    assert done.returncode == 1 and sum(server.tries.values())  # all that was wrong is the model


def test_a_plan_that_is_not_there_says_what_writes_one(ask):
    done = ask("nowhere.yaml", *NOBODY)
    assert done.returncode == 2
    assert "no plan at nowhere.yaml; `safeladder synth plan --rows 200 --output plan.yaml` writes one" in done.stderr


def test_a_wrong_address_is_said_in_plain_words(ask, tmp_path):
    done = ask(plan(tmp_path, WRITE), "--model", "", "--url", "http://127.0.0.1:9", "--concurrency", "0")
    assert done.returncode == 2 and "pydantic" not in done.stderr


def test_the_cost_counts_what_asks_no_model_and_is_measured_once(ask, seeded, tmp_path):
    asked = plan(tmp_path, WRITE, {"generator": "attacks"}, {"generator": "edits"})
    with running(Server(write=write)) as server:
        words = (asked, "--url", server.url, "--model", "m", "--parents", "seed", "--cost", "--json", *JUDGES)
        first, tries = ask(*words, check=True), sum(server.tries.values())
        again = ask(*words, check=True)
        assert sum(server.tries.values()) == tries
    parts = {part["stage"]: part for part in map(json.loads, first.stdout.splitlines())}
    assert list(parts) == ["synth:harmful_request", "synth:steered", "judge:safety_label", "total"]
    assert parts["synth:harmful_request"]["requests"] == 6 and parts["total"]["known"] == "measured"
    assert again.stdout == first.stdout and again.stderr == first.stderr


def test_a_plan_of_lifts_asks_no_model(ask, seeded, safeladder, tmp_path):
    words = ("--rows", "4", "--generator", "lift", "--output", "lifts.yaml")
    planned = safeladder("synth", "plan", *words, cwd=tmp_path, store=seeded)
    assert planned.stderr.endswith("safeladder synth run lifts.yaml --parents RELEASE\n")
    done = ask("lifts.yaml", "--parents", "seed", check=True)
    assert "no model is asked" in done.stderr
    stages = {row["stage"]: row for row in Store(seeded).read("stages").iter_rows(named=True)}
    lifted = stages["synth:lift"]
    assert lifted["rows_in"] == lifted["rows_out"] + lifted["rejected"] and lifted["rows_out"] >= 4
    assert {"judge:illogical", "judge:refusal"} == {name for name in stages if name.startswith("judge:")}


def test_a_server_that_counts_no_tokens_is_measured_by_the_clock(ask, tmp_path):
    class Uncounted(Server):
        async def answer(self, path, sent, key):
            whole = json.loads((await super().answer(path, sent, key)).body)
            return web.json_response({name: value for name, value in whole.items() if name != "usage"})

    with running(Uncounted(write=write)) as server:
        done = ask(plan(tmp_path, WRITE), "--url", server.url, "--model", "m", "--cost", "--json", check=True)
    *parts, whole = map(json.loads, done.stdout.splitlines())
    for part in parts:
        known = None if part["requests"] else 0
        assert part["tokens"] == part["prompt_tokens"] == known and (part["hours"] > 0) == (part["requests"] > 0)
    assert (whole["tokens"], whole["known"]) == (0, "at least")


@pytest.mark.slow
def test_a_long_run_is_asked_for_twice_and_goes_on_unasked_once_begun(ask, tmp_path):
    long = plan(tmp_path, WRITE | {"requests": 4_000})
    with running(Server(write=write, delay_s=8)) as server:
        server_words = ("--url", server.url, "--model", "m", *JUDGES)
        done = ask(long, *server_words)
        assert (done.returncode, done.stdout) == (1, "")
        assert "nothing was written" in done.stderr and "--yes" in done.stderr and "hours" in done.stderr
        assert Store.existing(tmp_path / "store").read("samples").is_empty()
        tries = sum(server.tries.values())
        assert ask(long, *server_words).returncode == 1
        assert sum(server.tries.values()) == tries
    with refusing() as server:
        elsewhere = ("--url", server.url, "--model", "m", *JUDGES)
        assert "hours" not in ask(long, *elsewhere).stderr  # it cannot be measured, so it does not begin
        assert not list((tmp_path / "store" / "work").glob("?" * 64))
        assert ask(long, *elsewhere, "--yes").returncode == 1
        begun, tries = list((tmp_path / "store" / "work").glob("?" * 64)), sum(server.tries.values())
        resumed = ask(long, *elsewhere)
        assert begun and resumed.returncode == 1 and sum(server.tries.values()) > tries
        assert str(tmp_path / "store") in next((tmp_path / "store" / "runs").rglob("command.json")).read_text()


def test_the_command_that_status_gives_does_the_failed_rows_again_from_anywhere(ask, safeladder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    plan(tmp_path, WRITE | {"requests": 60}, name="my plan.yaml")
    with running(Server(write=write, share=0.04, times=1, kinds=("bad_request",))) as server:
        ask("my plan.yaml", "--model", "m", *JUDGES, "--yes", check=True, OPENAI_BASE_URL=server.url)
        status = safeladder("status", cwd=tmp_path, store=tmp_path / "store", check=False)
        assert status.returncode == 1 and "finished with failures" in status.stderr
        line = status.stderr.strip().splitlines()[-1]
        words = shlex.split(line)
        assert words[:3] == ["safeladder", "synth", "run"] and words[-1] == "--retry-failed"
        assert str(tmp_path / "my plan.yaml") in words and server.url in words and "k-never-written" not in line
        server.share, before = 0.0, sum(server.tries.values())
        safeladder(*words[1:], cwd=elsewhere, store=elsewhere / "none", OPENAI_BASE_URL="")
        assert sum(server.tries.values()) > before
    assert safeladder("status", cwd=tmp_path, store=tmp_path / "store").returncode == 0
    assert not (elsewhere / "none").exists()
    for path in (tmp_path / "store").rglob("*"):
        assert not path.is_file() or b"k-never-written" not in path.read_bytes()


def test_two_rows_of_one_answer_are_one_in_the_rates(ask, safeladder, tmp_path):
    class Judging(Server):
        async def answer(self, path, sent, key):
            whole = json.loads((await super().answer(path, sent, key)).body)
            if json.loads(sent)["max_tokens"] == 1:
                said = [{"token": "good", "logprob": -0.1}, {"token": "bad", "logprob": -2.4}]
                whole["choices"][0] |= {"message": {"content": "good"}}
                whole["choices"][0] |= {"logprobs": {"content": [said[0] | {"top_logprobs": said}]}}
            return web.json_response(whole)

    asked = plan(tmp_path, {"generator": "value_scenario", "requests": 12} | VALUE)
    with running(Judging(write=write)) as server:
        words = ("--url", server.url, "--model", "m", "--judge", "value_tokens", "--judge", "illogical", "--yes")
        ask(asked, *words, check=True)
    store = Store.existing(tmp_path / "store")
    done = safeladder("synth", "rates", "--json", cwd=tmp_path, store=store.path)
    pairs = {row["generator"]: row for row in map(json.loads, done.stdout.splitlines())}["value_pair"]
    (stage_id,) = store.read("stages").filter(stage="synth:value_pair")["stage_id"]
    rows = store.read("working", batch_id=stage_id).height
    answers = round(pairs["parsed"] * pairs["requests"])
    assert rows == 2 * answers > 0 and pairs["judged"] == pairs["parsed"]
    spent = sum(json.loads(one)["tokens"] for one in store.read("lineage", batch_id=stage_id)["detail"])
    lost = pairs["requests"] - answers
    kept = round(pairs["kept"] * pairs["requests"])
    assert pairs["tokens_per_kept"] == round(3 * (answers + lost) / kept, 1) < spent
    assert all(pairs[share] <= pairs["parsed"] <= 1 for share in ("judged", "kept", "duplicate"))


def test_the_plan_says_when_it_needs_parents(safeladder, tmp_path):
    store = tmp_path / "store"
    seed = tmp_path / "seed.yaml"
    seed.write_text("{name: seed, sources: [seed], synth: null, verifier: null}")
    safeladder("run", seed, cwd=tmp_path, store=store)
    line = {}
    for generator in ("harmful_request", "attacks"):
        words = ("synth", "plan", "--rows", 3, "--generator", generator)
        assert "--output plan.yaml" in safeladder(*words, cwd=tmp_path, store=store).stderr
        done = safeladder(*words, "--output", tmp_path / f"{generator}.yaml", cwd=tmp_path, store=store)
        line[generator] = re.search("next .*", done.stderr).group()
    assert "--parents RELEASE" in line["attacks"] and "--parents" not in line["harmful_request"]
