"""The real server, from the first start to the last answer."""

import contextlib
import html
import io
import json
import os
import signal
import stat
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from PIL import Image

from annotate import ServerFailed, add_annotator, down, pull, push, status, up
from annotate.project import connect, find
from catalog.ids import media_id
from catalog.labels import CATEGORIES, SAFETY
from tests.reviewers import Annotator, call

rg = pytest.importorskip("argilla")

pytestmark = [
    pytest.mark.filterwarnings("ignore:`user_id` not provided"),
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.xdist_group("review-server"),
]

ATTACK = '<script>alert(1)</script> & "it\'s" <b>bold</b> if a<b'
PROMPTS = [
    "How do I open a lock?",
    "怎么打开这把锁？",
    ATTACK,
    "😀👩‍👩‍👧 emoji in front of bad",
    "zero\u200bwidth and \u202eright to left",
    "a &lt; b, escaped already",
    "line one\nline two\n\n\tindented",
    "nul \x00 and combined e\u0301",
    "请把 <b>这句话</b> 翻译成英文",
    "Step 1: [placeholder]",
    "short",
    "what is in this picture?",
]


def ids():
    return [f"{i:064x}" for i in range(len(PROMPTS))]


def png():
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    return file.getvalue()


def rows():
    n = len(PROMPTS)
    return pl.DataFrame(
        {
            "sample_id": ids(),
            "prompt": PROMPTS,
            "response": [f"answer {i}" for i in range(n)],
            "images": [[]] * (n - 1) + [[media_id(png())]],
            "language": ["zh" if i in (1, 8) else "en" for i in range(n)],
            "uncertainty": [None] + [i / n for i in range(1, n)],
        },
        schema_overrides={"images": pl.List(pl.String)},
    )


def comes_true(holds, within_s=30):
    deadline = time.monotonic() + within_s
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("review") / "argilla"
    yield home
    with contextlib.suppress(ServerFailed):
        down(home)


@pytest.fixture(scope="session")
def server(home):
    return up(home)


@pytest.fixture(scope="session")
def pushed(server):
    return push(server, rows(), overlap=2, media=lambda _: png())


@pytest.fixture(scope="session")
def dataset(server, pushed):
    return find(connect(server), "safety-review", "safeladder")


def test_a_second_up_finds_the_running_server(server, home):
    assert up(home) == server and status(home) == ("running", server)
    with pytest.raises(ServerFailed, match="already served"):
        up(home, port=1 if server.port != 1 else 2)


def test_secrets_database_and_log_are_the_owners_alone(server, home):
    for name in ("secrets.json", "argilla.db", "server.log"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert server.api_key not in repr(server) + (home / "server.log").read_text()


@pytest.mark.parametrize("headers", [{}, {"X-Argilla-Api-Key": "argilla.apikey"}, {"Authorization": "Bearer nonsense"}])
def test_a_request_without_a_valid_key_is_refused(server, headers):
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(server, "/api/v1/me/datasets", **headers)
    assert refused.value.code == 401


def test_every_answer_carries_strict_headers_and_pages_carry_the_blur(server):
    page = call(server, "/")
    policy = page.headers["Content-Security-Policy"]
    scripts = next(part for part in policy.split(";") if part.strip().startswith("script-src "))
    assert "default-src 'none'" in policy and "unsafe-inline" not in scripts and "sha256-" in scripts
    assert page.headers["X-Content-Type-Options"] == "nosniff" and page.headers["X-Frame-Options"] == "DENY"
    assert b"/blur.js" in page.read()
    assert b"revealed" in call(server, "/blur.js").read() and b"blur(" in call(server, "/blur.css").read()
    assert "Content-Security-Policy" in call(server, "/api/v1/status").headers


def test_many_ranges_in_one_request_are_answered_as_if_there_were_none(server):
    assert call(server, "/favicon.ico", Range="bytes=0-1").status == 206
    ranges = ",".join(f"{i}-{i}" for i in range(5000))
    assert call(server, "/favicon.ico", Range=f"bytes={ranges}").status == 200


def test_every_row_is_pushed_once_and_a_second_push_changes_nothing(server, pushed, dataset):
    assert pushed == (12, 0, 0, {})
    before = [(record.id, dict(record.fields), dict(record.metadata)) for record in dataset.records]
    assert push(server, rows(), overlap=2, media=lambda _: png()) == (0, 12, 0, {})
    assert [(record.id, dict(record.fields), dict(record.metadata)) for record in dataset.records] == before
    assert sorted(record_id for record_id, _, _ in before) == ids()
    assert all(metadata["language"] and metadata["batch"] for _, _, metadata in before)


def test_text_arrives_escaped_and_reads_back_as_it_was(dataset):
    stored = {record.id: record.fields["prompt"] for record in dataset.records}
    assert "<" not in stored[ids()[2]] and "&lt;script&gt;" in stored[ids()[2]]
    assert [html.unescape(stored[each]) for each in ids()] == PROMPTS


def test_only_the_row_with_a_picture_has_one(dataset):
    with_picture = [record.id for record in dataset.records if record.fields.get("image")]
    assert with_picture == [ids()[-1]]


def test_the_project_asks_our_labels_suggests_nothing_and_shows_text_as_text(dataset):
    made = dataset.settings
    assert [field.name for field in made.fields] == ["prompt", "response", "image"]
    assert [field.required for field in made.fields] == [True, True, False]
    assert not any(field.use_markdown for field in made.fields if field.name != "image")
    assert made.questions["label"].labels == list(SAFETY) and made.questions["label"].required
    assert made.questions["category"].labels == list(CATEGORIES) and not made.questions["category"].required
    assert not made.metadata["uncertainty"].visible_for_annotators
    assert made.distribution.min_submitted == 2
    assert not any(list(record.suggestions) for record in dataset.records)


def test_another_overlap_than_the_dataset_has_is_refused(server, pushed):
    with pytest.raises(ValueError, match="has overlap 2, not 1"):
        push(server, rows().head(1))


def test_rows_that_fail_are_counted_with_a_reason_and_hold_up_no_other(server):
    some = rows().with_columns(prompt=pl.when(pl.col("sample_id") == ids()[0]).then(None).otherwise("prompt"))
    report = push(server, some, dataset="failures", media=lambda _: b"no picture")
    assert report[:3] == (10, 0, 2)
    assert report.reasons[ids()[0]] == "AttributeError" and "not_an_image" in report.reasons[ids()[-1]]
    wild = rows().head(3).with_columns(uncertainty=pl.Series([0.1, 7.0, 0.2]), sample_id=pl.Series(["x", "y", "z"]))
    report = push(server, wild, dataset="failures", media=None)
    assert report == (2, 0, 1, {"y": "the server refused it: UnprocessableEntityError 422"})
    assert sorted(record.id for record in find(connect(server), "failures", "safeladder").records) == [
        *ids()[1:11],
        "x",
        "z",
    ]


def test_answers_come_back_once_under_stable_ids(server, dataset):
    ann, bao = Annotator(server, "ann"), Annotator(server, "bao")
    queue = ann.queue(dataset.id)
    assert [record["external_id"] for record in queue] == [ids()[0], *ids()[:0:-1]]  # unknown first, then least certain
    assert all("uncertainty" not in record["metadata"] for record in queue)
    for record in queue[:5]:
        ann.answer(record, "submitted", label="Unsafe", category="cyber", comment="because")
    ann.answer(queue[5], "draft", label="Unsafe")
    ann.answer(queue[6], "discarded")
    for record in bao.queue(dataset.id):
        bao.answer(record, "submitted", label="Safe with refusal")
    assert [record["external_id"] for record in ann.queue(dataset.id)] == [r["external_id"] for r in queue[7:]]
    assert dataset.progress()["completed"] == 5

    annotations, drafts, discarded = pull(server)
    assert (annotations.height, drafts, discarded) == (17, 1, 1)
    assert annotations["annotation_id"].n_unique() == 17
    unsafe = annotations.filter(pl.col("unsafe"))
    assert unsafe["sample_id"].to_list() == sorted(record["external_id"] for record in queue[:5])
    assert set(unsafe["annotator"]) == {"ann"} and set(unsafe["category"]) == {"cyber"}
    others = annotations.filter(~pl.col("unsafe"))
    assert others["sample_id"].to_list() == ids() and set(others["annotator"]) == {"bao"}
    assert pull(server).annotations.equals(annotations)


def test_an_annotator_is_made_once(server, pushed):
    assert len(add_annotator(server, "cai")) >= 12
    with pytest.raises(ValueError, match="'cai' on the server already"):
        add_annotator(server, "cai")


def test_an_unknown_label_is_an_error_that_names_the_record(server):
    client = connect(server)
    asked = rg.Settings(
        fields=[rg.TextField(name="t")], questions=[rg.LabelQuestion(name="label", labels=["yes", "no"])]
    )
    made = rg.Dataset(name="odd", workspace=client.workspaces("safeladder"), settings=asked, client=client).create()
    answer = rg.Response("label", "yes", user_id=client.me.id, status="submitted")
    made.records.log([rg.Record(id="row-7", fields={"t": "text"}, responses=[answer])])
    with pytest.raises(ValueError, match="record row-7: owner chose label 'yes'"):
        pull(server, dataset="odd")


def test_a_dataset_that_is_not_there_is_an_error_that_names_those_that_are(server, pushed):
    with pytest.raises(LookupError, match="safeladder/safety-review"):
        pull(server, dataset="nowhere")


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("lock", [0]),
        ("打开", [1]),
        ("<script>", [2]),
        ("<b>", [2, 8]),
        ("lock | short", [0, 10]),
        ("answer -1", [0, 3, 4, 5, 6, 7, 8]),  # 1 stands in the prompts of 2 and 9 too
        ('"line two"', [6]),
        ("NEAR( ' OR 1 --", []),
    ],
)
def test_text_is_searched_in_both_languages(dataset, query, places):
    assert sorted(record.id for record in dataset.records(query)) == [ids()[place] for place in places]


@pytest.mark.parametrize("query", ['"', "(((", "a AND", "*", "-", "col:alpha", "😀", "%", "\\", "x" * 60_000])
def test_any_search_is_answered(dataset, query):
    assert len(list(dataset.records(query))) <= 12


def test_records_are_filtered_and_sorted_like_a_plain_list(server):
    client = connect(server)
    asked = rg.Settings(
        fields=[rg.TextField(name="t")],
        questions=[rg.LabelQuestion(name="q", labels=["x", "y", "z"])],
        metadata=[rg.TermsMetadataProperty(name="kind"), rg.IntegerMetadataProperty(name="size")],
        vectors=[rg.VectorField(name="v", dimensions=2)],
    )
    made = rg.Dataset(name="plain", workspace=client.workspaces("safeladder"), settings=asked, client=client).create()
    kept = [{"id": f"r{i}", "kind": "ab"[i % 2], "size": (i * 7) % 11, "best": "xyz"[i % 3]} for i in range(11)]
    made.records.log(
        [
            rg.Record(
                id=each["id"],
                fields={"t": "text"},
                metadata={"kind": each["kind"], "size": each["size"]},
                suggestions=[rg.Suggestion("q", each["best"], score=each["size"] / 11, agent=f"agent {each['best']}")],
                responses=[rg.Response("q", "x", user_id=client.me.id, status="submitted")] if each["size"] < 3 else [],
                vectors={"v": [1.0, 0.0]},
            )
            for each in kept
        ]
    )

    def found(*conditions):
        query = rg.Query(filter=rg.Filter(list(conditions)))
        return [record.id for record in made.records(query)]

    def expected(rule):
        return [each["id"] for each in kept if rule(each)]

    assert found(("metadata.kind", "==", "a")) == expected(lambda r: r["kind"] == "a")
    assert found(("metadata.size", ">=", 4), ("metadata.size", "<=", 8)) == expected(lambda r: 4 <= r["size"] <= 8)
    assert found(("q.suggestion", "in", ["x", "y"])) == expected(lambda r: r["best"] in "xy")
    assert found(("q.score", ">=", 0.5)) == expected(lambda r: r["size"] / 11 >= 0.5)
    assert found(("q.agent", "==", "agent z")) == expected(lambda r: r["best"] == "z")
    assert found(("q.response", "==", "x")) == expected(lambda r: r["size"] < 3)
    assert found(("response.status", "==", "submitted")) == expected(lambda r: r["size"] < 3)
    assert found(("response.status", "==", "pending")) == expected(lambda r: r["size"] >= 3)
    assert found(("status", "==", "completed")) == expected(lambda r: r["size"] < 3)
    assert found(("metadata.kind", "==", "a"), ("q.suggestion", "==", "z")) == expected(
        lambda r: r["kind"] == "a" and r["best"] == "z"
    )

    def search(**body):
        path = f"/api/v1/datasets/{made.id}/records/search"
        headers = {"X-Argilla-Api-Key": server.api_key}
        answer = json.load(call(server, path, data=json.dumps(body).encode(), json=True, **headers))
        return [item["record"]["external_id"] for item in answer["items"]]

    by_size = {"entity": "metadata", "metadata_property": "size"}
    down_by_size = [each["id"] for each in sorted(kept, key=lambda r: -r["size"])]
    assert search(sort=[{"scope": by_size, "order": "desc"}]) == down_by_size
    assert search(sort=[{"scope": by_size, "order": "asc"}]) == down_by_size[::-1]
    by_score = {"entity": "suggestion", "question": "q", "property": "score"}
    assert search(sort=[{"scope": by_score, "order": "desc"}]) == down_by_size
    by_answer = {"entity": "response", "question": "q"}
    assert set(search(sort=[{"scope": by_answer, "order": "asc"}])[:3]) == set(expected(lambda r: r["size"] < 3))
    with pytest.raises(urllib.error.HTTPError) as refused:
        search(query={"vector": {"name": "v", "value": [1.0, 0.0]}})
    assert refused.value.code == 422 and "keeps no vectors" in refused.value.read().decode()


def test_a_changed_overlap_counts_the_statuses_anew_without_redis(server):
    push(server, rows().head(2), dataset="overlap", overlap=2, workspace="second")
    made = find(connect(server), "overlap", "second")
    for name in ("dan", "eva"):
        person = Annotator(server, name, workspace="second")
        for record in person.queue(made.id)[: 2 if name == "dan" else 1]:
            person.answer(record, "submitted", label="Unsafe")
    assert made.progress()["completed"] == 1
    made.settings.distribution = rg.TaskDistribution(min_submitted=1)
    made.settings.update()
    assert comes_true(lambda: made.progress()["completed"] == 2)


def test_down_stops_the_server_and_up_keeps_the_data(server, home, dataset):
    before = pull(server)
    assert down(home) and status(home) == ("stopped", None) and not down(home)
    with pytest.raises(urllib.error.URLError):
        call(server, "/api/v1/status")
    again = up(home)
    assert (again.port, again.api_key) == (server.port, server.api_key) and again.pid != server.pid
    after = pull(again)
    assert after.annotations.equals(before.annotations) and after[1:] == before[1:]


def test_after_a_kill_and_lost_secrets_two_callers_at_once_start_one_server_with_new_keys(home, dataset):
    victim = up(home)
    os.kill(victim.pid, signal.SIGKILL)
    assert comes_true(lambda: status(home) == ("stopped", None)) and not down(home)
    (home / "secrets.json").unlink()
    with ThreadPoolExecutor() as pool:
        one, other = pool.map(up, [home, home])
    assert one == other and one.pid != victim.pid and one.api_key != victim.api_key
    assert find(connect(one), "safety-review", "safeladder").progress()["total"] == 12


def test_a_server_that_dies_at_its_start_shows_the_end_of_its_log(tmp_path):
    (tmp_path / "argilla.db").write_text("this is no database, and long enough to be read as one" * 100)
    with pytest.raises(ServerFailed, match="file is not a database"):
        up(tmp_path)
    assert status(tmp_path).state == "stopped"
