"""What breaks on the way of a job: a request has an answer or a word that says why not, and its text gets nowhere."""

import json
import subprocess
import sys

import pytest

from synth.inference import Endpoint, EndpointLost, Request, complete
from tests.synth.inference.faults import Server, running
from tests.synth.inference.test_complete import ROOT, chat, endpoint


def test_faults_change_no_answer(tmp_path):
    requests = [chat(n) for n in range(120)]
    with running(Server()) as calm:
        expected = complete(requests, endpoint(calm), folder=tmp_path / "calm")
    with running(Server(share=0.4, times=2, slow_s=3)) as server:
        replies = complete(requests, endpoint(server), folder=tmp_path / "faulty")
    assert replies == expected
    assert set(server.faults) == {"busy", "server_error", "cut", "malformed", "slow"}
    assert max(server.answered.values()) == 1


def test_a_failure_is_counted_and_asked_again(tmp_path):
    requests = [chat(n) for n in range(60)]
    server = Server(share=0.2, times=3, kinds=("busy", "malformed", "null"))
    with running(server):
        first = complete(requests, endpoint(server, attempts=2), folder=tmp_path)
        failed = {reply.id for reply in first if reply.failure}
        tries = sum(server.tries.values())
        second = complete(requests, endpoint(server, attempts=2), folder=tmp_path)
    assert 3 < len(failed) < 30
    assert {reply.failure for reply in first if reply.failure} <= {"busy", "malformed"}
    assert all(reply.choices == () for reply in first if reply.failure)
    assert not any(reply.failure for reply in second)
    assert sum(server.tries.values()) - tries < 2 * len(failed) + 1  # only what failed was asked again
    assert [reply for reply in second if reply.id not in failed] == [reply for reply in first if not reply.failure]


def test_a_refused_request_fails_alone(tmp_path):
    server = Server(share=0.5, times=99, kinds=("bad_request",))
    with running(server):
        replies = complete([chat(n) for n in range(20)], endpoint(server), folder=tmp_path)
    failed = [reply for reply in replies if reply.failure]
    assert 0 < len(failed) == server.faults["bad_request"] < 20
    assert {reply.failure for reply in failed} == {"refused_by_server"}
    assert sum(server.tries.values()) == 20


@pytest.mark.parametrize("text", ["怎么修自行车", 'Say "yes"\nor \\ no', "Write a long story of two gardeners"])
def test_the_text_of_a_request_is_not_repeated_by_what_a_server_says(tmp_path, text):
    parts = [{"type": "text", "text": text, "media_id": None}]
    request = Request(id="a", messages=({"role": "user", "content": parts},))
    server = Server(share=1.0, times=99, kinds=("bad_request",))
    with running(server), pytest.raises(EndpointLost) as lost:
        complete([request], endpoint(server), folder=tmp_path)
    assert str(lost.value).endswith("1 met refused_by_server (HTTP 400, type BadRequestError, code 400)")
    (failures,) = tmp_path.rglob("failures-*.jsonl")
    assert json.loads(failures.read_text())["reply"]["detail"] == "HTTP 400, type BadRequestError, code 400"


def test_no_text_of_a_request_gets_into_logs_when_workers_fail(tmp_path):
    code = """
import sys
from pathlib import Path
from tests.synth.inference.test_complete import chat
from synth.inference import Endpoint, Executor, complete
asked = [chat(n) for n in range(6)]
complete(asked, Endpoint(url=sys.argv[1], model="m"), folder=Path(sys.argv[2]), executor=Executor(tasks=2))
"""
    with running(Server(share=1.0, times=99, kinds=("unknown",))) as server:
        command = [sys.executable, "-c", code, server.url, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 1 and "EndpointLost" in done.stderr
    assert "Count to" not in done.stdout + done.stderr
    holding = [path for path in tmp_path.rglob("*") if path.is_file() and "Count to" in path.read_text()]
    assert len(holding) == 2
    assert all(path.name.startswith("asked-") and path.stat().st_mode & 0o077 == 0 for path in holding)


@pytest.mark.parametrize(("fault", "failure"), [("dribble", "timeout"), ("gzip", "malformed"), ("null", "malformed")])
def test_a_job_without_any_answer_says_why_and_where(tmp_path, fault, failure):
    with running(Server(share=1.0, times=99, kinds=(fault,))) as server:
        one_try = endpoint(server, attempts=1)
        with pytest.raises(EndpointLost, match=rf"none of 3 requests to 'm' at {server.url} .* 3 met {failure} \("):
            complete([chat(n) for n in range(3)], one_try, folder=tmp_path)


def test_a_missing_picture_fails_alone(tmp_path):
    asked = [chat(1, media_id="there"), chat(2, media_id="gone"), chat(3)]
    with running(Server()) as server:
        replies = complete(asked, endpoint(server), folder=tmp_path, picture={"there": b"\x89PNG"}.__getitem__)
    assert [reply.failure for reply in replies] == [None, "no_picture", None]
    assert replies[1].detail == "KeyError for gone"


def test_an_unknown_model_stops_the_job_at_once(tmp_path):
    with (
        running(Server(share=1.0, times=99, kinds=("unknown",))) as server,
        pytest.raises(EndpointLost, match="doctor synth"),
    ):
        complete([chat(n) for n in range(50)], endpoint(server), folder=tmp_path)
    assert sum(server.tries.values()) <= 16


def test_a_server_that_goes_away_stops_the_job_and_keeps_the_answers(tmp_path):
    requests = [chat(n) for n in range(200)]
    with running(Server()) as server:
        complete(requests[:50], endpoint(server), folder=tmp_path)
    gone = endpoint(server, attempts=1)
    with pytest.raises(EndpointLost, match="in a row"):
        complete(requests, gone, folder=tmp_path)
    with running(Server()) as back:
        replies = complete(requests, endpoint(back), folder=tmp_path)
    assert not any(reply.failure for reply in replies)
    assert sum(back.tries.values()) == 150


def test_a_full_disk_stops_the_job_and_nothing_is_lost(tmp_path):
    code = """
import resource, sys
from pathlib import Path
from tests.synth.inference.test_complete import chat
from synth.inference import Endpoint, complete
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
complete([chat(n) for n in range(100)], Endpoint(url=sys.argv[1], model="m"), folder=Path(sys.argv[2]))
"""
    with running(Server()) as server:
        done = subprocess.run(
            [sys.executable, "-c", code, server.url, str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=ROOT,
        )
        assert done.returncode == 1
        assert "File too large" in done.stderr
        replies = complete([chat(n) for n in range(100)], Endpoint(url=server.url, model="m"), folder=tmp_path)
    assert not any(reply.failure for reply in replies)
    assert len({reply.id for reply in replies}) == 100


def test_a_torn_line_is_asked_again(tmp_path):
    with running(Server()) as server:
        first = complete([chat(n) for n in range(5)], endpoint(server), folder=tmp_path)
        (journal,) = tmp_path.rglob("answers-*.jsonl")
        journal.write_bytes(journal.read_bytes()[:-9])
        assert complete([chat(n) for n in range(5)], endpoint(server), folder=tmp_path) == first
        assert complete([chat(n) for n in range(5)], endpoint(server), folder=tmp_path) == first
    assert sum(server.tries.values()) == 6


def test_a_job_that_stops_says_so_once(tmp_path):
    code = f"""
import sys
from pathlib import Path
from synth.inference import Endpoint, complete
from tests.synth.inference.test_complete import chat
complete([chat(n) for n in range(300)], Endpoint(url=sys.argv[1], model="m"), folder=Path({str(tmp_path)!r}))
"""
    with running(Server(share=1.0, times=9**9, kinds=("unknown",))) as server:
        done = subprocess.run(
            [sys.executable, "-c", code, server.url], cwd=ROOT, capture_output=True, text=True, timeout=120
        )
    assert done.returncode == 1
    assert "never retrieved" not in done.stderr
    assert done.stderr.count("Traceback") == 1
