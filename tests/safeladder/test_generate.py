"""From a plan to a release: written, judged, filtered, with every row accounted for."""

import hashlib
import json
import random
import shutil

import polars as pl
import pytest

from catalog import Store, lineage, read_model, with_text
from catalog.labels import SAFETY
from safeladder import generating, rates
from safeladder.execution import run_loaded
from safeladder.recipe import Recipe
from synth.balance import Job, Plan
from synth.inference import Endpoint, EndpointLost, Executor
from synth.language import language as language_of
from tests.synth.inference.faults import Server, running

EN = "garden letter window river bread lamp winter paper market train kitchen music forest button ticket"
ZH = "花园 信件 窗户 河流 面包 台灯 冬天 纸张 市场 火车 厨房 音乐 森林 按钮 车票"
WORDS = {"en": EN.split(), "zh": ZH.split()}
FRAUD = {"category": "fraud", "subcategory": "fraud/phishing"}


def sentence(body: dict, field: str) -> str:
    """A sentence in the language of the prompt; other prompts and fields have others."""
    asked = json.dumps(body.get("messages", body.get("prompt")), ensure_ascii=False)
    zh = sum("\u4e00" <= c <= "\u9fff" for c in asked) > 40
    rng = random.Random(hashlib.sha256(f"{asked}{body['seed']}{field}".encode()).digest())
    words = rng.sample(WORDS["zh" if zh else "en"], 9)
    return ("，".join(words) + "怎么样？") if zh else "How about " + " ".join(words) + "?"


def write(body: dict) -> str:
    """JSON of the shape that was asked for, a label to a judge, and nonsense now and then."""
    if "response_format" not in body:
        return SAFETY[0] if body["max_tokens"] < 64 else sentence(body, "text")
    if body["seed"] % 7 == 0:
        return '{"cut off'
    shape = body["response_format"]["json_schema"]["schema"]["properties"]
    several = {name for name, kind in shape.items() if kind["type"] == "array"}
    said = {name: [sentence(body, f"{name} {n}") for n in range(3)] for name in several}
    return json.dumps({name: sentence(body, name) for name in shape if name not in several} | said, ensure_ascii=False)


def plan(requests: int = 12) -> Plan:
    jobs = []
    for language in ("en", "zh"):
        common = {"language": language, "modality": "text", "rows": 1, "requests": requests}
        jobs += [
            Job(generator="harmful_request", task="safety", label="Safe with refusal", **FRAUD, **common),
            Job(generator="benign_twin", task="safety", label="Safe without risk", **common),
            Job(generator="paraphrase", task="safety", label="Safe with refusal", **FRAUD, **common),
        ]
    return Plan(rows=len(jobs), jobs=tuple(jobs))


def recipe(server: Server, **changes: object) -> Recipe:
    writer = Endpoint(url=server.url, model="m", timeout_s=5)
    options = {"name": "made", "judges": ("illogical", "refusal", "safety_label")} | changes
    return generating.recipe_of(plan(), writer, **options)


def run(made: Recipe, tmp_path, name: str = "store") -> Store:
    run_loaded(made, tmp_path / name, tmp_path, command=["safeladder"])
    return Store(tmp_path / name)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generate")
    with running(Server(write=write)) as server:
        yield run(recipe(server), folder), server


def test_every_answer_is_a_row_or_stands_in_the_rejections(done):
    store, _ = done
    stages = store.read("stages")
    for row in stages.iter_rows(named=True):
        assert row["rows_in"] == row["rows_out"] + row["rejected"] + row["failed"], row["stage"]
        gone = store.read("rejections", batch_id=row["stage_id"])
        assert gone.height == row["rejected"] + row["failed"], row["stage"]
    written = stages.filter(pl.col("stage").str.starts_with("synth:"))
    assert written["stage"].to_list() == [
        "synth:harmful_request",
        "synth:benign_twin",
        "synth:paraphrase",
        "synth:steered",
    ]
    assert written.filter(pl.col("stage") == "synth:harmful_request")["rows_in"].item() == 24
    assert store.read("rejections").filter(pl.col("reason") == "no_json").height > 0


def test_a_released_row_says_what_made_it(done):
    store, _ = done
    rows = store.read("release_rows")
    assert rows.height > 10
    assert set(rows["origin"]) == {"machine"}
    with read_model.connect(store.path) as catalog:
        for sample_id in rows["sample_id"].head(3):
            up = lineage.ancestors(catalog, sample_id)
            assert up[-1]["parent_id"].startswith("taxonomy/1.0.0/fraud/phishing")
            detail = json.loads(up[0]["detail"])
            assert up[0]["relation"] == "steered@1"
            assert detail["model"] == "m"
            assert {"prompts", "request", "sampling", "tokens", "engine"} <= detail.keys()
            assert up[0]["seed"] is not None


def test_judges_words_are_kept_beside_the_label(done):
    store, _ = done
    said = store.read("judgements")
    assert {judge.partition("@")[0] for judge in said["judge"]} == {"illogical", "refusal", "safety_label"}
    assert set(said["outcome"]) <= {"scored", "unparsed", "not_applicable"}
    assert (
        said.filter(pl.col("outcome") != "scored")["label"].null_count()
        == said.filter(pl.col("outcome") != "scored").height
    )
    machine = store.read("annotations").filter(pl.col("origin") == "machine")
    assert set(machine["annotator"]) == {"judges"}


def test_the_same_plan_asks_nobody_again(done, tmp_path):
    store, server = done
    before = sum(server.tries.values())
    run_loaded(recipe(server), store.path, tmp_path, command=["safeladder"])
    assert sum(server.tries.values()) == before


def test_another_store_gets_the_same_rows(done, tmp_path):
    store, server = done
    again = run(recipe(server), tmp_path)
    assert set(again.read("release_rows")["sample_id"]) == set(store.read("release_rows")["sample_id"])


def test_rates_add_up_from_the_catalog(done):
    store, _ = done
    found = {row["generator"]: row for row in rates.rates(store)}
    assert set(found) == {"harmful_request", "benign_twin", "paraphrase", "steered"}
    for row in found.values():
        assert 0 < row["kept"] <= row["judged"] <= row["parsed"] < 1
        assert row["tokens_per_kept"] > 0


def test_a_server_that_is_gone_stops_the_run_and_commits_nothing(tmp_path):
    with running(Server(write=write)) as server:
        gone = recipe(server)
    with pytest.raises(EndpointLost):
        run(
            gone.model_copy(
                update={
                    "generate": gone.generate.model_copy(
                        update={"writer": Endpoint(url=server.url, model="m", timeout_s=1, attempts=1)}
                    )
                }
            ),
            tmp_path,
        )
    assert Store(tmp_path / "store").read("samples").is_empty()


def test_failed_requests_are_counted_and_asked_again(tmp_path):
    faulty = Server(write=write, share=0.06, times=1, kinds=("bad_request",))
    with running(faulty) as server:
        store = run(recipe(server), tmp_path)
        first = store.read("stages")
        assert first["failed"].sum() > 0
        assert store.read("rejections").filter(pl.col("reason") == "refused_by_server").height > 0
        for _ in range(5):  # rows that come of it make requests of their own, which may fail once too
            known = store.read("stages")["run_id"].implode()
            run_loaded(recipe(server), tmp_path / "store", tmp_path, command=["safeladder"], retry_failed=True)
            again = store.read("stages").filter(~pl.col("run_id").is_in(known))
            if not again["failed"].sum():
                break
    assert again.height == first.height and again["failed"].sum() == 0
    assert max(server.answered.values()) == 1  # what was answered is not asked again


def test_too_many_failures_stop_the_run(tmp_path):
    faulty = Server(write=write, share=0.5, times=1, kinds=("bad_request",))
    with running(faulty) as server:
        stopped = 0
        while stopped < 9:
            try:
                store = run(recipe(server), tmp_path)
                break
            except RuntimeError as error:
                assert "got no answer" in str(error)
                stopped += 1
    assert stopped > 0
    assert store.read("release_rows").height > 10
    assert max(server.answered.values()) == 1


def test_several_processes_ask_for_one_run(done, tmp_path):
    store, server = done
    made = recipe(server, executor=Executor(tasks=2))
    again = run(made, tmp_path)
    assert set(again.read("release_rows")["sample_id"]) == set(store.read("release_rows")["sample_id"])


def test_an_escalation_is_answered_turn_by_turn_judged_and_released(tmp_path):
    jobs = tuple(
        job.model_copy(update={"generator": "escalation"})
        for job in plan(requests=8).jobs
        if job.generator == "harmful_request"
    )
    with running(Server(write=write)) as server:
        made = recipe(server, rollouts=2)
        made = made.model_copy(update={"generate": made.generate.model_copy(update={"jobs": jobs})})
        store = run(made, tmp_path)
        before = sum(server.tries.values())
        run(made, tmp_path)
        assert sum(server.tries.values()) == before
    stages = {row["stage"]: row for row in store.read("stages").iter_rows(named=True)}
    assert [name for name in stages if name.startswith("synth:")] == ["synth:escalation", "synth:rollout"]
    written, replied = stages["synth:escalation"], stages["synth:rollout"]
    assert (written["rows_in"], replied["rows_in"]) == (16, 2 * written["rows_out"])
    assert replied["rows_out"] > 10 and stages["judged"]["rows_in"] == replied["rows_out"]
    rows = with_text(store.read("samples").join(store.read("release_rows").select("sample_id"), on="sample_id"))
    assert rows.height > 5 and {language_of(text) for text in rows["response"]} == {"en", "zh"}
    asked = store.read("samples", batch_id=written["stage_id"])
    parents = dict(zip(asked["sample_id"], asked["messages"].to_list(), strict=True))
    links = {row["child_id"]: row for row in store.read("lineage").iter_rows(named=True)}
    for row in rows.iter_rows(named=True):
        assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"] * 3
        link = links[row["sample_id"]]
        assert row["messages"][::2] == parents[link["parent_id"]] and link["relation"] == "rollout@2"
        assert links[link["parent_id"]]["parent_id"].startswith("taxonomy/")
        detail = json.loads(link["detail"])
        assert len(detail["replies"]) == 3 and detail["wanted"] == "Safe with refusal"
    found = {row["generator"]: row for row in rates.rates(store)}
    assert found["rollout"]["kept"] > 0 and found["escalation"]["kept"] > 0
    assert found["rollout"]["tokens_per_kept"] >= 9  # three replies of three tokens each


def test_a_reply_that_is_there_already_is_not_made_again(done, tmp_path):
    store, server = done
    shutil.copytree(store.path, tmp_path / "store")
    jobs = [job for job in plan().jobs if job.generator == "paraphrase"]
    rollouts = [job.model_copy(update={"generator": "rollout", "label": "Safe with refusal"}) for job in jobs]
    made = recipe(server, parents="made", name="again")
    made = made.model_copy(update={"generate": made.generate.model_copy(update={"jobs": tuple(rollouts)})})
    turns = [[turn["content"][0]["text"] for turn in messages] for messages in store.read("samples")["messages"]]
    said = {pair[0]: pair[1] for pair in turns if len(pair) == 2}
    server.write = lambda body: next(
        (reply for asked, reply in said.items() if asked in json.dumps(body["messages"], ensure_ascii=False)),
        write(body),
    )
    try:
        with pytest.raises(RuntimeError):  # nothing new is written, so there is nothing to release
            run_loaded(made, tmp_path / "store", tmp_path, command=["safeladder"])
    finally:
        server.write = write
    gone = Store(tmp_path / "store").read("rejections")
    assert gone.filter(pl.col("reason") == "already_there").height > 0


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.filterwarnings("ignore:`user_id` not provided")
@pytest.mark.xdist_group("demo")
def test_what_judges_leave_open_is_reviewed_and_then_counts(tmp_path):
    pytest.importorskip("argilla")
    from annotate import down, up
    from annotate.project import connect, find
    from safeladder.reviewing import pull_answers, push_disputed
    from tests.reviewers import Annotator

    def disputing(body: dict) -> str:
        asked = json.dumps(body.get("messages"), ensure_ascii=False)
        if "response_format" in body:
            return write(body)
        label = SAFETY[hashlib.sha256(asked.encode()).digest()[0] % 2 * 3]  # refused, or unsafe: no two judges alike
        return label if body["max_tokens"] < 64 else f"Final verdict: {label}"

    with running(Server(write=disputing)) as server:
        store = run(recipe(server, judges=("safety_label", "safety_verdict")), tmp_path)
        open_ = store.read("rejections").filter(pl.col("stage") == "judged")
        assert open_.height > 3
        home = tmp_path / "store" / "argilla"
        reviewed = up(home, progress=lambda line: None)
        try:
            sent = push_disputed(tmp_path / "store", rows=3, overlap=1, dataset="disputed")
            assert (sent["pushed"], sent["failed"]) == (3, 0)
            reviewer = Annotator(reviewed, "mei")
            dataset = find(connect(reviewed), "disputed", "safeladder").id
            for record in reviewer.queue(dataset):
                reviewer.answer(record, "submitted", label="Safe with warning")
            assert pull_answers(tmp_path / "store", dataset="disputed")["new"] == 3
        finally:
            down(home)
        before = store.read("release_rows")["sample_id"].n_unique()
        run(recipe(server, judges=("safety_label", "safety_verdict")), tmp_path)
    rows = store.read("release_rows").filter(pl.col("origin") == "review")
    assert set(rows["label"]) == {"Safe with warning"}
    assert rows["sample_id"].n_unique() == 3
    assert store.read("release_rows")["sample_id"].n_unique() == before + 3
