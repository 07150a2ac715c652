"""Uncertain rows of the demo go to the real server, are answered, come back, and change the next release."""

import json
import shutil

import pytest

from annotate import down
from annotate.project import connect, find
from safeladder.reviewing import running
from tests.reviewers import Annotator

pytest.importorskip("argilla")
pytestmark = [
    pytest.mark.filterwarnings("ignore:`user_id` not provided"),
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.xdist_group("demo"),
]


@pytest.fixture(scope="module")
def loop(demo, safeladder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("loop")
    store = folder / "store"
    shutil.copytree(demo["store"], store)
    safeladder("annotate", "up", cwd=folder, store=store)
    yield lambda *words: json.loads(safeladder(*words, "--json", cwd=folder, store=store).stdout.splitlines()[0]), store
    down(store / "argilla")


def test_answers_come_back_once_and_decide_the_labels_of_the_next_release(loop):
    run, store = loop
    sent = run("annotate", "push", "--rows", "6")
    assert (sent["pushed"], sent["already"], sent["failed"]) == (6, 0, 0)
    assert run("annotate", "push", "--rows", "6")["already"] == 6

    server = running(store)
    reviewer = Annotator(server, "mei")
    dataset = find(connect(server), "safety-review", "safeladder").id
    queue = reviewer.queue(dataset)
    assert len(queue) == 6
    for record in queue[:4]:
        reviewer.answer(record, "submitted", label="Safe with warning")
    reviewer.answer(queue[4], "draft", label="Unsafe")
    reviewer.answer(queue[5], "discarded")

    first = run("annotate", "pull")
    assert first == {"answers": 4, "new": 4, "drafts": 1, "discarded": 1}
    assert run("annotate", "pull")["new"] == 0

    before, after = run("release", "show", "demo"), run("release", "create", "after-review")
    assert before and after["rows_out"] + after["rejected"] == after["members"]
    reviewed = run(
        "sql", "select count(*) n, count(distinct label) labels, min(label) label from rows where origin = 'review'"
    )
    assert reviewed == {"n": 4, "labels": 1, "label": "Safe with warning"}
    originals = run(
        "sql",
        """select count(distinct origin) origins from annotations
           where sample_id in (select sample_id from annotations where origin = 'review')""",
    )
    assert originals["origins"] >= 2, "the answers of the source stay beside those of the reviewer"


def test_a_reviewer_who_thinks_again_is_heard(loop):
    run, store = loop
    server = running(store)
    reviewer = Annotator(server, "li")
    dataset = find(connect(server), "safety-review", "safeladder").id
    run("annotate", "push", "--rows", "8")
    record = next(record for record in reviewer.queue(dataset) if record["status"] == "pending")  # nobody else's
    response = reviewer.answer(record, "submitted", label="Unsafe")
    assert run("annotate", "pull")["new"] == 1
    for thought in ("Safe with refusal", "Unsafe"):  # and back again
        reviewer.call(
            f"/api/v1/responses/{response['id']}",
            {"status": "submitted", "values": {"label": {"value": thought}}},
            method="PUT",
        )
        assert run("annotate", "pull")["new"] == 1
        assert run("annotate", "pull")["new"] == 0
        run("release", "create", thought.replace(" ", "-"))
        label = run("sql", f"select label from rows where sample_id = '{record['external_id']}'")
        assert label == {"label": thought}
