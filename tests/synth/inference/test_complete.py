"""Every request gets one reply, whatever the server does."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synth.inference import (
    Endpoint,
    Executor,
    Reply,
    Request,
    Sampling,
    complete,
    estimate,
)
from tests.synth.inference import job
from tests.synth.inference.faults import Server, running

ROOT = Path(__file__).parents[3]


def chat(number: int, *, seed: int = 0, media_id: str | None = None, **sampling: object) -> Request:
    parts = [{"type": "text", "text": f"Count to {number}.", "media_id": None}]
    if media_id:
        parts.insert(0, {"type": "image", "text": None, "media_id": media_id})
    return Request(
        id=f"row-{number}",
        messages=({"role": "user", "content": parts},),
        sampling=Sampling(seed=seed, max_tokens=8, **sampling),
    )


def endpoint(server: Server, **changes: object) -> Endpoint:
    return Endpoint(**{"url": server.url, "model": "m", "timeout_s": 1.0, "concurrency": 16} | changes)


def test_replies_come_in_the_order_of_the_requests(tmp_path):
    requests = [chat(n) for n in reversed(range(50))]
    with running(Server(delay_s=0.01)) as server:
        replies = complete(requests, endpoint(server), folder=tmp_path)
    assert [reply.id for reply in replies] == [request.id for request in requests]
    assert all(reply.failure is None and reply.completion_tokens == 3 for reply in replies)
    assert 1 < server.most_at_once <= 16


def test_workers_of_this_machine_show_pictures(tmp_path):
    asked = job.requests(20)
    with running(Server()) as server:
        here = complete(asked, endpoint(server), folder=tmp_path / "1", picture=job.PICTURES.__getitem__)
        two = Executor(tasks=2)
        there = complete(asked, endpoint(server), folder=tmp_path / "2", picture=job.PICTURES.__getitem__, executor=two)
    assert there == here and not any(reply.failure for reply in there)
    assert set(server.answered.values()) == {2}  # the same bodies were sent, pictures and all


def test_jobs_share_answers_and_nothing_else(tmp_path):
    kept = tmp_path / "answers"
    with running(Server(delay_s=0.02)) as server, ThreadPoolExecutor(2) as threads:
        jobs = [
            threads.submit(complete, asked, endpoint(server), folder=tmp_path / name, answers=kept)
            for name, asked in (("a", [chat(n) for n in range(60)]), ("b", [chat(n) for n in range(60, 120)]))
        ]
        both = [reply for one in jobs for reply in one.result()]
        again = complete([chat(n) for n in range(130)], endpoint(server), folder=tmp_path / "c", answers=kept)
    assert again[:120] == both
    assert sum(server.tries.values()) == 130
    files = [path for path in kept.rglob("*") if path.is_file()]
    assert len(files) == 3 and all(path.name.startswith("answers-") for path in files)
    assert not [path for name in "abc" for path in (tmp_path / name).rglob("answers-*")]


def test_progress_counts_no_answer_to_another_request_of_the_same_id(tmp_path):
    ticks = []
    with running(Server()) as server:
        complete([chat(n) for n in range(9)], endpoint(server), folder=tmp_path)
        asked = [chat(n, seed=1) for n in range(9)]
        complete(asked, endpoint(server), folder=tmp_path, tick=lambda *told: ticks.append(told[:2]))
    assert (ticks[0], ticks[-1]) == ((0, 9), (9, 9))


@pytest.mark.parametrize(
    "url",
    [
        "http://a:key-1@host/v1",
        "https://host/v1?key=key-1",
        "host-key-1:80",
        "ftp://host/key-1",
        "http://",
        "http://h:x",
    ],
)
def test_an_address_is_one_and_holds_no_key(url):
    with pytest.raises(ValueError, match=r"looks like http|export OPENAI_API_KEY") as refused:
        Endpoint(url=url, model="m")
    assert "key-1" not in str(refused.value)


def test_choices_come_in_the_order_of_their_numbers():
    from synth.inference.wire import reply

    told = [{"index": n, "message": {"content": str(n)}} for n in (2, 0, 1)]
    assert [choice.text for choice in reply(chat(1, n=3), {"choices": told}).choices] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({"model": "other"}, 30),
        ({"revision": "2"}, 30),
        ({"concurrency": 3, "timeout_s": 2.0}, 0),
    ],
)
def test_the_model_is_part_of_what_was_asked(tmp_path, change, asked):
    requests = [chat(n) for n in range(30)]
    with running(Server()) as server:
        complete(requests, endpoint(server), folder=tmp_path)
        before = sum(server.tries.values())
        complete(requests, endpoint(server, **change), folder=tmp_path)
        assert sum(server.tries.values()) - before == asked


def test_another_seed_or_text_under_the_same_id_is_another_request(tmp_path):
    with running(Server()) as server:
        (first,) = complete([chat(1)], endpoint(server), folder=tmp_path)
        (second,) = complete([chat(1, seed=5)], endpoint(server), folder=tmp_path)
        (again,) = complete([chat(1)], endpoint(server), folder=tmp_path)
    assert first != second
    assert again == first
    assert [body["seed"] for body in server.bodies] == [0, 5]


def test_ids_are_unique(tmp_path):
    with pytest.raises(ValueError, match="'row-1'"):
        complete([chat(1), chat(2), chat(1)], Endpoint(url="http://127.0.0.1:9", model="m"), folder=tmp_path)


def test_what_is_sent(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "secret-1")
    png = b"\x89PNG rest"
    asked = [
        chat(1, media_id="abc", n=2, logprobs=3, stop=("\n",), answer_schema={"type": "object"}),
        Request(id="base", prompt="Once", sampling=Sampling(logprobs=1)),
    ]
    with running(Server()) as server:
        replies = complete(
            asked,
            endpoint(server, url=server.url + "/v1/", key_variable="MY_KEY"),
            folder=tmp_path,
            picture={"abc": png}.__getitem__,
        )
    chatted, completed = sorted(server.bodies, key=lambda body: "prompt" in body)
    url = "data:image/png;base64,iVBORyByZXN0"
    assert chatted["messages"][0]["content"][0] == {"type": "image_url", "image_url": {"url": url}}
    assert (chatted["n"], chatted["top_logprobs"], chatted["stop"]) == (2, 3, ["\n"])
    assert chatted["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert (completed["prompt"], completed["logprobs"]) == ("Once", 1)
    assert {headers["Authorization"] for headers in server.headers} == {"Bearer secret-1"}
    assert len(replies[0].choices) == 2
    assert not any(b"secret-1" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_another_number_of_workers_goes_on_with_the_same_answers(tmp_path):
    requests = [chat(n) for n in range(90)]
    with running(Server()) as server:
        first = complete(requests[:40], endpoint(server), folder=tmp_path)
        three = complete(requests, endpoint(server), folder=tmp_path, executor=Executor(tasks=3))
        asked = sum(server.tries.values())
        two = complete(requests, endpoint(server), folder=tmp_path, executor=Executor(tasks=2))
    assert asked == 90 == sum(server.tries.values())
    assert three == two
    assert three[:40] == first


def test_the_estimate_keeps_what_it_measured(tmp_path):
    requests = [chat(n) for n in range(100)]
    with running(Server()) as server:
        found = estimate(requests, endpoint(server), folder=tmp_path, sample=10)
        complete(requests, endpoint(server), folder=tmp_path)
    assert (found.requests, found.prompt_tokens, found.completion_tokens) == (100, 700, 300)
    assert found.tokens_per_s > 0
    assert 0 < found.hours < 1
    assert sum(server.tries.values()) == 100


def test_progress_ends_with_everything(tmp_path):
    ticks = []
    with running(Server(delay_s=0.3)) as server:
        complete([chat(n) for n in range(100)], endpoint(server), folder=tmp_path, tick=lambda *t: ticks.append(t))
    assert ticks[0][:2] == (0, 100)
    assert ticks[-1][:2] == (100, 100)
    assert any("tokens/s" in unit and 0 < done < 100 for done, _, unit in ticks)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["choices", "message", "content", "text", "usage", "logprobs", "tokens"]), x
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_reply_or_malformed(answer):
    from synth.inference.wire import Malformed, reply

    try:
        made = reply(chat(1), json.loads(json.dumps(answer)))
    except Malformed:
        return
    assert isinstance(made, Reply)
    assert len(made.choices) == 1
    made.choices[0].text.encode()
