"""A verifier behind an address: who may ask it, what it answers, and how it ends."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from catalog.ids import chat
from catalog.labels import SAFETY
from synth.inference import Endpoint, EndpointLost, Request, complete
from synth.judges import JUDGES, Subject, from_verdicts, judgements
from tests.synth.inference.faults import Server, running
from tests.synth.inference.processes import alive, left_after
from verifiers import checkpoint_id, load_verifier

ROOT = Path(__file__).resolve().parents[2]
MAIN = "from safeladder.cli import main; main()"
PARENT = "import subprocess, sys; subprocess.Popen(sys.argv[1:]).wait()"
PROMPT, UNSAFE, REFUSAL = "how do i make the thing?", "step one placeholder step two placeholder", "抱歉我不能帮忙"
JUDGE = JUDGES["safety_verifier"]

pytestmark = pytest.mark.slow


@contextmanager
def served(checkpoint, *, before=()):
    """The command, its first line and its process; `before` are words that stand before the command."""
    words = [sys.executable, "-c", MAIN, "verifier", "serve", str(checkpoint), "--port", "0", "--json"]
    process = subprocess.Popen(
        [*before, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    line = process.stdout.readline()
    try:
        assert line, process.stderr.read()
        yield json.loads(line), process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def server(checkpoint):
    with served(checkpoint) as (server, _):
        yield server


@pytest.fixture(scope="module")
def verifier(checkpoint):
    return load_verifier(checkpoint)


def ask(server, path, body=None, *, key=None):
    """Status and answer, read as JSON where there is one."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {server['api_key'] if key is None else key}"}
    request = urllib.request.Request(server["url"] + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def exchange(prompt, response):
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]


def engine(server, monkeypatch, **others):
    monkeypatch.setenv("OPENAI_API_KEY", server["api_key"])
    return Endpoint(**{"url": server["url"], "model": server["model"], "timeout_s": 30, "attempts": 2} | others)


def judged(subjects, engine, folder):
    requests = [request for one in subjects for request in JUDGE.requests(one)]
    return judgements(JUDGE, subjects, complete(requests, engine, folder=folder), model=engine.model)


def test_an_answer_has_the_fields_of_vllms_and_the_probabilities_of_the_verifier(server, verifier, checkpoint):
    status, answer = ask(server, "/classify", {"model": server["model"], "messages": exchange(PROMPT, UNSAFE)})
    (entry,) = answer["data"]
    (verdict,) = verifier.score([PROMPT], [UNSAFE]).iter_rows(named=True)
    assert status == 200 and answer["id"].startswith("classify-") and answer["object"] == "list"
    assert answer["model"] == server["model"] == checkpoint_id(checkpoint)
    assert (entry["index"], entry["label"], entry["num_classes"]) == (0, "Unsafe", 6)
    assert entry["probs"] == pytest.approx(verdict["probs"], abs=1e-6)
    assert answer["usage"]["prompt_tokens"] == 16  # 3 marks, 7 tokens asked and 6 answered


def test_who_it_is_and_whether_it_is_ready(server):
    assert ask(server, "/health", key="") == (200, None)
    status, models = ask(server, "/v1/models")
    assert status == 200 and [model["id"] for model in models["data"]] == [server["model"]]
    assert server["url"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize("key", ["", "wrong", "wr\xf6ng"])
def test_without_the_key_nothing_is_told(server, key):
    for path, body in (("/v1/models", None), ("/classify", {"messages": exchange(PROMPT, UNSAFE)}), ("/nope", None)):
        assert ask(server, path, body, key=key)[0] == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[" * 100_000, 400),
        (["messages"], 400),
        ({"input": f"{PROMPT} [SEP] {UNSAFE}"}, 400),  # one text is no exchange
        ({"input": [PROMPT, UNSAFE]}, 400),
        ({"messages": exchange(PROMPT, UNSAFE), "truncate_prompt_tokens": 8}, 400),
        ({"messages": "step one"}, 400),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 3}]}]}, 400),
        ({"messages": exchange(PROMPT, UNSAFE), "model": "another"}, 404),
        ({"messages": exchange(PROMPT, "one " * 300_000), "model": "another"}, 413),
    ],
)
def test_what_is_no_question_gets_an_error_that_repeats_none_of_it(server, body, status):
    found, answer = ask(server, "/classify", body)
    assert found == status and answer["error"]["message"]
    assert PROMPT not in json.dumps(answer) and "step one" not in json.dumps(answer)
    assert ask(server, "/classify", {"messages": exchange(PROMPT, UNSAFE)})[0] == 200


@pytest.mark.parametrize(
    ("messages", "truncated"),
    [
        (exchange(PROMPT, "天" * 50), True),
        (exchange("天" * 100_000, UNSAFE), True),
        (exchange(PROMPT, ""), False),
        (exchange("  ", UNSAFE), False),
        (exchange(PROMPT, "\ud800"), False),
        (exchange(PROMPT, UNSAFE)[:1], False),
        ([], False),
        (exchange([{"type": "image_url", "image_url": {"url": "a.png"}}], UNSAFE), False),
    ],
)
def test_what_it_does_not_judge_has_no_label_and_no_probabilities(server, messages, truncated):
    status, answer = ask(server, "/classify", {"messages": messages})
    assert status == 200 and answer["usage"]["prompt_tokens"] == 0
    assert answer["data"] == [
        {"index": 0, "label": None, "probs": [], "num_classes": 6, "abstained": True, "truncated": truncated}
    ]


def test_many_at_once_are_each_told_what_they_would_be_told_alone(server, verifier):
    pairs = [(f"{PROMPT} {'好' * (n % 9)}", (UNSAFE, REFUSAL, "天" * 40)[n % 3]) for n in range(200)]
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda pair: ask(server, "/classify", {"messages": exchange(*pair)})[1], pairs))
    alone = verifier.score(*zip(*pairs, strict=True))
    assert [answer["data"][0]["label"] for answer in answers] == alone["label"].to_list()
    for answer, probs in zip(answers, alone["probs"], strict=True):
        assert answer["data"][0]["probs"] == pytest.approx([] if probs is None else probs.to_list(), abs=1e-5)


def test_the_judge_says_of_every_sample_what_the_verifier_of_the_store_says(server, verifier, tmp_path, monkeypatch):
    subjects = [
        Subject.of(PROMPT, UNSAFE),
        Subject.of("怎么做这个东西", f"<think>{UNSAFE}</think>{REFUSAL}"),
        Subject.of(PROMPT, "天" * 50),
        Subject.of(PROMPT, " "),
        Subject(sample_id="turns", messages=(*chat(PROMPT, REFUSAL), *chat("and now?", UNSAFE))),
        Subject.of(PROMPT),
        Subject.of("what is this?", UNSAFE, images=["0" * 64]),
    ]
    found = judged(subjects, engine(server, monkeypatch), tmp_path)
    asked = subjects[:5]
    verdicts = verifier.score([one.asked for one in asked], [one.response for one in asked])
    ids = pl.Series("sample_id", [one.sample_id for one in asked])
    stored = from_verdicts(verdicts.with_columns(ids, checkpoint_id=pl.lit(server["model"])))
    assert [one.sample_id for one in found] == [one.sample_id for one in subjects]
    for here, there in zip(found, stored, strict=False):
        assert (here.outcome, here.label, here.reason) == (there.outcome, there.label, there.reason)
        assert here.p == (there.p and pytest.approx(there.p, abs=1e-6))
    assert [one.outcome for one in found] == [
        *("scored", "scored", "truncated", "ambiguous", "scored"),
        *["not_applicable"] * 2,
    ]
    assert found[0].judge == f"safety_verifier@1/{server['model']}" and found[-1].reason == "reads_text_alone"
    again = judged(subjects, engine({**server, "url": "http://127.0.0.1:9"}, monkeypatch), tmp_path)
    assert again == found  # the answers were kept: nobody listens there


def test_what_a_broken_line_garbles_is_asked_again_and_no_failure_is_kept(server, tmp_path, monkeypatch):
    subjects = [Subject.of(f"{PROMPT} {'好' * (n % 12)}{'天' * (n // 12)}", UNSAFE) for n in range(24)]
    faults = {"share": 0.5, "kinds": ("busy", "server_error", "cut", "malformed"), "key": server["api_key"]}
    with running(Server(server["url"], **faults)) as line:
        once = judged(subjects, engine(server, monkeypatch, url=line.url, attempts=1), tmp_path)
        failed = [one for one in once if not one.scored]
        assert 0 < len(failed) < 24 and all((one.outcome, one.p) == ("failed", None) for one in failed)
        again = judged(subjects, engine(server, monkeypatch, url=line.url), tmp_path)
        assert all(one.scored for one in again)
        assert sum(line.answered.values()) == 24 and len(line.faults) > 1


def test_another_model_or_key_than_the_servers_stops_the_job(server, tmp_path, monkeypatch):
    (request,) = JUDGE.requests(Subject.of(PROMPT, UNSAFE))
    with pytest.raises(EndpointLost, match="404"):
        complete([request], engine(server, monkeypatch, model="another"), folder=tmp_path)
    with pytest.raises(EndpointLost, match="401"):
        complete([request], engine({**server, "api_key": "wrong"}, monkeypatch), folder=tmp_path)
    with pytest.raises(EndpointLost, match="404"):  # a verifier writes nothing
        writing = Request(id="a", prompt="one")
        complete([writing], engine(server, monkeypatch), folder=tmp_path)


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_it_has_logged_no_text(checkpoint, told):
    with served(checkpoint) as (server, process):
        ask(server, "/classify", {"messages": exchange(PROMPT, UNSAFE)})
        ask(server, "/classify", {"messages": [{"role": "user", "content": [{"type": "text", "text": 3}]}, PROMPT]})
        process.send_signal(told)
        out, said = process.communicate(timeout=30)
    assert process.returncode == 0 and out == "" and said.endswith("stopped\n")
    assert PROMPT not in said and UNSAFE not in said and "Traceback" not in said
    with socket.create_server(("127.0.0.1", int(server["url"].rpartition(":")[2]))):
        pass


def test_it_ends_when_the_process_that_started_it_is_killed(checkpoint):
    with served(checkpoint, before=[sys.executable, "-c", PARENT]) as (server, parent):
        (child,) = map(int, Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split())
        assert alive({child}) == {child} and ask(server, "/health")[0] == 200
        parent.kill()
        assert left_after({child}, 15) == set()


def test_a_checkpoint_that_was_changed_is_not_served(checkpoint, tmp_path):
    shutil.copytree(checkpoint, tmp_path / "changed")
    with (tmp_path / "changed" / "metrics.json").open("a") as file:
        file.write(" ")
    words = [sys.executable, "-c", MAIN, "verifier", "serve", str(tmp_path / "changed"), "--port", "0"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 2 and "metrics.json differs" in done.stderr and done.stdout == ""


def test_the_labels_are_those_that_the_judge_declares():
    assert JUDGE.contract.labels == SAFETY
