"""User turns without replies get them one after another, and none is lost, doubled or made up."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from aiohttp import web

from catalog.ids import chat, sample_id
from catalog.text import with_text
from synth.generators import GENERATORS, Item
from synth.inference import Endpoint, EndpointLost, Executor
from synth.judges import Subject
from synth.produce import produce
from tests.synth import turns
from tests.synth.inference.faults import Server, running

ROLLOUT = GENERATORS["rollout"]
HERE = Path(__file__).parent


def engine(server, **others):
    return Endpoint(url=server.url, model="m", timeout_s=5, **others)


def told(messages):
    return [(message["role"], message["content"][0]["text"]) for message in messages]


def sent(body):
    return [(message["role"], message["content"]) for message in body["messages"]]


class Declining(Server):
    """Refuses requests whose last turn is one of these, as a server does that cannot read them."""

    declined: frozenset[str] = frozenset()

    async def answer(self, path, sent, key):
        if json.loads(sent)["messages"][-1]["content"] in self.declined:
            return web.json_response({"error": {"type": "BadRequestError"}}, status=400)
        return await super().answer(path, sent, key)


@pytest.mark.parametrize("name", ["rollout", "rollout_think"])
def test_every_turn_is_asked_with_the_turns_and_replies_before_it(name, tmp_path):
    thinks = name == "rollout_think"
    asked = turns.items(6)
    with running(Server(write=lambda body: "<think>…</think>" * thinks + turns.reply(body))) as server:
        made = produce(GENERATORS[name], asked, engine(server), folder=tmp_path, seed=1, n=2)
        bodies = [[one for one in sent(body) if one[0] != "system"] for body in server.bodies]
    assert made.asked == made.answered == made.rows.height == 12 and made.gone.is_empty()
    assert len(bodies) == 2 * sum(item.parent.turns for item in asked)
    parents = {item.parent.sample_id: told(item.parent.messages) for item in asked}
    links = {link["child_id"]: link for link in made.lineage.iter_rows(named=True)}
    for row in made.rows.iter_rows(named=True):
        said, link = told(row["messages"]), links[row["sample_id"]]
        assert [role for role, _ in said] == ["user", "assistant"] * (len(said) // 2)
        assert said[::2] == parents[link["parent_id"]] and link["relation"] == f"{name}@2"
        assert all(said[: 2 * at + 1] in bodies for at in range(len(said) // 2))
        assert (row["label"], row["category"], row["subcategory"]) == (None, "fraud", "fraud/phishing")
        replies = (detail := json.loads(link["detail"]))["replies"]
        assert len({one["seed"] for one in replies}) == len({one["request"] for one in replies}) == len(said) // 2
        assert (link["seed"], detail["request"]) == (replies[-1]["seed"], replies[-1]["request"])
        assert detail["tokens"] == 3 * len(replies) == sum(one["tokens"] for one in replies)
        assert detail["prompt_tokens"] == 7 * len(replies)
    assert set(Counter(link["parent_id"] for link in links.values()).values()) == {2}


def test_judges_read_the_last_reply(tmp_path):
    with running(Server(write=turns.reply)) as server:
        made = produce(ROLLOUT, turns.items(2), engine(server), folder=tmp_path)
    for row in with_text(made.rows).iter_rows(named=True):
        subject = Subject(sample_id=row["sample_id"], messages=tuple(row["messages"]))
        assert subject.response == row["response"] == told(row["messages"])[-1][1]
        assert all(text in subject.prompt for _, text in told(row["messages"])[:-1])


def test_the_same_seed_gives_the_same_rows_whoever_asks(tmp_path):
    asked = [Item.of_row(turns.waiting(language, n, turns=2)) for n in range(3) for language in ("en", "zh")]
    with running(Server(write=turns.reply)) as server:
        first = produce(ROLLOUT, asked, engine(server), folder=tmp_path / "a", seed=1)
        again = produce(ROLLOUT, asked, engine(server), folder=tmp_path / "b", seed=1, executor=Executor(tasks=2))
        other = produce(ROLLOUT, asked, engine(server), folder=tmp_path / "c", seed=2)
        before = sum(server.tries.values())
        known = produce(ROLLOUT, asked, engine(server), folder=tmp_path / "a", seed=1)
        assert sum(server.tries.values()) == before
    assert first.rows.equals(again.rows) and first.lineage.equals(again.lineage)
    assert first.rows.equals(known.rows) and first.lineage.equals(known.lineage)
    assert not set(first.rows["sample_id"]) & set(other.rows["sample_id"])


def test_one_failed_turn_fails_its_conversation_and_is_asked_again(tmp_path):
    long, short, alone = (Item.of_row(turns.waiting("zh", n, turns=t)) for n, t in ((1, 5), (2, 3), (3, 1)))
    server = Declining(write=turns.reply)
    server.declined = frozenset({told(long.parent.messages)[-1][1], told(short.parent.messages)[1][1]})
    with running(server):
        made = produce(ROLLOUT, [long, short, alone], engine(server), folder=tmp_path, n=2)
        assert made.asked == 6 == made.answered + made.gone.height and made.answered == 1
        lost = made.gone.filter("failed")
        assert set(lost["reason"]) == {"refused_by_server"}
        assert Counter(lost["sample_id"]) == {long.id: 2, short.id: 2}
        assert made.gone.filter(~pl.col("failed"))["reason"].to_list() == ["said_before"]  # the server is of one mind
        ends = {row["sample_id"]: json.loads(row["detail"]) for row in lost.iter_rows(named=True)}
        assert (ends[long.id]["turn"], ends[long.id]["turns"], ends[long.id]["tokens"]) == (5, 5, 12)
        assert (ends[short.id]["turn"], ends[short.id]["turns"], ends[short.id]["tokens"]) == (2, 3, 3)
        assert "HTTP 400" in ends[short.id]["why"]
        assert {told(row)[-1][0] for row in made.rows["messages"]} == {"assistant"}
        asked = Counter(server.answered)
        server.declined = frozenset()
        again = produce(ROLLOUT, [long, short, alone], engine(server), folder=tmp_path, n=2)
    assert again.answered == 5 and set(made.rows["sample_id"]) <= set(again.rows["sample_id"])
    # Of the long ones the last turn, of the short ones the second and third.
    assert sum((Counter(server.answered) - asked).values()) == 2 + 2 * 2


def test_a_server_that_answers_nothing_is_lost(tmp_path):
    silent = Server(write=turns.reply, share=1.0, kinds=("bad_request",), times=9)
    with running(silent) as server, pytest.raises(EndpointLost):
        produce(ROLLOUT, turns.items(3), engine(server), folder=tmp_path)


def test_a_turn_that_is_no_reply_rejects_its_conversation(tmp_path):
    one, other = turns.items(2)
    second = told(one.parent.messages)[1][1]
    with running(Server(write=lambda body: "" if sent(body)[-1][1] == second else turns.reply(body))) as server:
        made = produce(ROLLOUT, [one, other], engine(server), folder=tmp_path)
        asked = len(server.bodies)
    assert (made.asked, made.answered) == (2, 1)
    (gone,) = made.gone.to_dicts()
    assert (gone["sample_id"], gone["reason"], gone["failed"]) == (one.id, "empty", False)
    assert json.loads(gone["detail"]) == {"tokens": 6, "turn": 2, "turns": one.parent.turns}
    assert asked == 2 + other.parent.turns


def test_what_the_screen_drops_in_the_middle_ends_the_conversation(tmp_path, monkeypatch):
    """A mild word stands for what the screen looks for; its own words are tested where they are."""
    from corpus import screen

    real = screen.matches
    monkeypatch.setattr(screen, "matches", lambda texts: real(texts, pattern="placeholder-word"))
    (one,) = turns.items(1)
    first = told(one.parent.messages)[0][1]
    write = lambda body: "Placeholder-word." if sent(body)[-1][1] == first else turns.reply(body)  # noqa: E731
    with running(Server(write=write)) as server:
        made = produce(ROLLOUT, [one], engine(server), folder=tmp_path)
        assert len(server.bodies) == 1
    assert made.gone["reason"].to_list() == ["screened"] and made.rows.is_empty()


def test_a_conversation_with_its_replies_is_one_request(tmp_path):
    messages = [*chat("Hello.", "Hello!"), *chat("What are sails?", "Cloth.")]
    row = turns.waiting("en", 1) | {"sample_id": sample_id(messages), "messages": messages}
    with running(Server(write=turns.reply)) as server:
        made = produce(ROLLOUT, [Item.of_row(row)], engine(server), folder=tmp_path)
        assert [sent(body) for body in server.bodies] == [told(messages)[:3]]
    (said,) = made.rows["messages"]
    assert told(said)[:3] == told(messages)[:3] and "replies" not in json.loads(made.lineage["detail"][0])


@pytest.mark.parametrize("name", ["rollout", "rollout_think"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_base_model_reads_the_conversation_so_far_under_its_examples(name, language, tmp_path):
    number = ("en", "zh").index(language)
    item = Item.of_row(turns.waiting(language, number, turns=3))
    thought = "Harmless.</think>" * (name == "rollout_think")
    prompts = []

    def write(body):
        prompts.append(body["prompt"])
        return f"{thought}Line {len(prompts)}.\n第二行。"

    with running(Server(write=write)) as server:
        made = produce(GENERATORS[name], [item], engine(server, style="completion"), folder=tmp_path)
    assert made.answered == 1
    blocks = [prompt.split("\n\n")[-1].splitlines() for prompt in prompts]
    assert [len(block) for block in blocks] == [2, 4, 6]
    asked = {"en": "Request: ", "zh": "请求："}[language]
    turn = [text for _, text in told(item.parent.messages)]
    assert blocks[2][::2] == [asked + json.dumps(text, ensure_ascii=False) for text in turn]
    opening = {"en": "Reply: ", "zh": "回复："}[language] + "<think>" * (name == "rollout_think")
    assert blocks[2][1::2] == [f"{opening}{thought}Line {n}. 第二行。" for n in (1, 2)] + [opening.rstrip()]
    (said,) = made.rows["messages"]
    assert told(said)[1][1].endswith("Line 1.\n第二行。")  # the row has the reply as it stands


def start(folder, url, out, count):
    command = [sys.executable, str(HERE / "turns.py"), str(folder), url, str(out), str(count)]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(HERE.parents[1])}, start_new_session=True)


def lines(folder):
    return [json.loads(line) for path in folder.rglob("answers-*.jsonl") for line in path.open() if line.endswith("\n")]


@pytest.mark.slow
def test_killed_between_turns_it_asks_nothing_twice_and_misses_nothing(tmp_path):
    count, asked = 30, sum(item.parent.turns for item in turns.items(30))
    with running(Server(write=turns.reply)) as calm:
        assert start(tmp_path / "calm", calm.url, tmp_path / "calm.json", count).wait(120) == 0
    folder = tmp_path / "killed"
    with running(Server(write=turns.reply, share=0.2, slow_s=25, delay_s=0.1, kinds=("busy", "cut"))) as server:
        for point in sorted(random.Random(3).sample(range(5, asked - 10), 5)):
            job = start(folder, server.url, tmp_path / "killed.json", count)
            while len(lines(folder)) < point and job.poll() is None:
                time.sleep(0.01)
            assert job.poll() is None, "the job was over before it could be killed"
            job.send_signal(signal.SIGKILL)
            job.wait()
        assert start(folder, server.url, tmp_path / "killed.json", count).wait(120) == 0
    assert (tmp_path / "killed.json").read_text() == (tmp_path / "calm.json").read_text()
    written = Counter(line["reply"]["id"] for line in lines(folder))
    assert len(written) == asked and set(written.values()) == {1}
