import json
from datetime import UTC, datetime

import polars as pl
import pytest

from catalog import ledger, lineage, read_model, releases


@pytest.fixture
def catalog(store, sample, annotation, frame):
    """One row kept and released, one copy of it rejected, one derived from it, one rollout rewarded by the verifier."""
    kept, copy, made, rollout = (
        sample("ask", "reply"),
        sample("ask ", "reply"),
        sample("4sk", "reply"),
        sample("ask", "new"),
    )
    ids = {"kept": kept, "copy": copy, "made": made, "rollout": rollout}
    ids = {name: row["sample_id"] for name, row in ids.items()}
    seen = {"source": "one", "source_id": None, "source_label": "1", "source_group": None, "stage_id": "s"}
    place = {"stage": "dedup", "source": "one", "file": "f.csv", "detail": None, "stage_id": "s"}
    members = frame([{"sample_id": ids["kept"], "split": "train", "cluster_id": "c"}])
    frozen = releases.freeze(store, members, frame([annotation(ids["kept"], "Unsafe")]), name="spring")
    link = {"seed": 1, "detail": None, "stage_id": "s"}
    reward = {"stage_id": "s", "seed": 1, "detail": json.dumps({"total": 0.25})}
    store.commit(
        "b",
        {
            "samples": frame([row | {"stage_id": "s"} for row in (kept, copy, made, rollout)]),
            "occurrences": frame(
                [{"sample_id": ids[n], "file": "f.csv", "line": i} | seen for i, n in enumerate(("kept", "copy"), 1)]
            ),
            "annotations": frame([annotation(ids["kept"], "Unsafe")]),
            "clusters": frame([{"sample_id": ids["kept"], "cluster_id": "c", "stage_id": "s"}]),
            "splits": members.with_columns(stage_id=pl.lit("s")).select("sample_id", "split", "cluster_id", "stage_id"),
            "rejections": frame(
                [
                    {"sample_id": ids["copy"], "reason": "near_duplicate", "matched_id": ids["kept"], "similarity": 0.9}
                    | {"line": 2}
                    | place
                ]
            ),
            "release_rows": frozen["tables"]["release_rows"].with_columns(stage_id=pl.lit("s")),
            "lineage": frame(
                [
                    {"child_id": ids["made"], "parent_id": ids["kept"], "relation": "leetspeak@1"} | link,
                    {"child_id": "k" * 64, "parent_id": frozen["release_id"], "relation": "trained_on"} | link,
                    {"child_id": ids["rollout"], "parent_id": ids["kept"], "relation": "rollout"} | reward,
                    {"child_id": ids["rollout"], "parent_id": "k" * 64, "relation": "reward"} | reward,
                ]
            ),
        },
        entries={
            **frozen["entries"],
            "checkpoints": [
                {
                    "checkpoint_id": "k" * 64,
                    "kind": "verifier",
                    "release_id": frozen["release_id"],
                    "path": "checkpoints/k",
                    "created_at": frozen["entries"]["releases"][0]["created_at"],
                }
            ],
        },
    )
    read_model.build(store)
    with read_model.connect(store.path) as connection:
        yield connection, ids


def test_a_row_is_followed_from_its_line_in_the_source_to_a_reward(catalog):
    connection, ids = catalog
    events = {event["event"]: event for event in lineage.trace(connection, ids["kept"])}
    assert list(events) == ["met", "annotated", "cluster", "split", "derived", "released", "checkpoint", "reward"]
    assert (events["met"]["source"], events["met"]["file"], events["met"]["line"]) == ("one", "f.csv", 1)
    assert events["released"]["name"] == "spring" and events["checkpoint"]["checkpoint_id"] == "k" * 64
    assert events["reward"]["rollout_id"] == ids["rollout"] and json.loads(events["reward"]["detail"]) == {
        "total": 0.25
    }


def test_a_rollout_knows_its_prompt_and_its_judge(catalog):
    connection, ids = catalog
    events = lineage.trace(connection, ids["rollout"])
    assert ("made_from", ids["kept"]) in [(event["event"], event.get("parent_id")) for event in events]
    assert ("reward", "k" * 64) in [(event["event"], event.get("checkpoint_id")) for event in events]


def test_why_names_the_row_that_was_kept_instead_and_how_close_it_is(catalog):
    connection, ids = catalog
    (reason,) = lineage.why(connection, ids["copy"])
    assert (reason["stage"], reason["reason"]) == ("dedup", "near_duplicate")
    assert (reason["matched_id"], reason["similarity"], reason["match_is_released"]) == (ids["kept"], 0.9, True)


def test_why_has_nothing_to_say_of_a_released_row_and_says_so_of_an_unlabelled_one(catalog):
    connection, ids = catalog
    assert lineage.why(connection, ids["kept"]) == []
    assert lineage.why(connection, ids["made"])[0]["reason"] == "no_label"


def test_a_release_is_found_by_its_name_and_what_was_found_has_a_kind(catalog):
    connection, ids = catalog
    release = lineage.find(connection, "spring")
    assert lineage.trace(connection, release)[0]["relation"] == "trained_on"
    asked = {release: "release", "k" * 64: "checkpoint", ids["kept"]: "sample", "one:f.csv:9": "record"}
    assert {found: lineage.kind(connection, found) for found in asked} == asked


def test_a_place_where_nothing_was_read_is_told_from_an_unknown_id(catalog):
    with pytest.raises(LookupError, match=r"nothing was read at o'ne:没有:1.*from source_files where source = 'o''ne'"):
        lineage.find(catalog[0], "o'ne:没有:1")


def test_an_id_is_found_by_its_first_characters_unless_several_begin_so(catalog):
    connection, ids = catalog
    assert lineage.find(connection, ids["kept"][:20]) == ids["kept"]
    with pytest.raises(LookupError, match="several"):
        lineage.find(connection, "")
    with pytest.raises(LookupError, match="no sample"):
        lineage.find(connection, "not an id")


@pytest.fixture
def chain(store, sample, annotation, frame):
    """a -> b -> c -> d, d -> b (a cycle), c -> x and c -> y; everything else a factory can do to a row."""
    names = ("a", "b", "c", "d", "x", "y", "gone", "tied", "screened", "left")
    rows = {name: sample(name, "回复") | {"stage_id": "s"} for name in names}
    ids = {name: row["sample_id"] for name, row in rows.items()}
    edges = [("b", "a", "leetspeak@1"), ("c", "b", "base64@1"), ("d", "c", "base64@1"), ("b", "d", "leetspeak@1")]
    edges += [("x", "c", "past_tense@1"), ("y", "c", "past_tense@1"), ("y", "c", "past_tense@1")]
    members = frame([{"sample_id": ids[n], "split": "train", "cluster_id": "c"} for n in ("a", "gone")])
    labels = frame([annotation(ids[n], "Unsafe") for n in ("a", "gone", "left")])
    tied = frame([annotation(ids["tied"], "Unsafe"), annotation(ids["tied"], "Safe with warning", annotator="b")])
    frozen = releases.freeze(store, members, labels, name="spring")
    place = {
        "matched_id": None,
        "similarity": None,
        "source": "one",
        "file": "图/f.csv",
        "detail": None,
        "stage_id": "s",
    }
    rejected = [
        {"sample_id": None, "stage": "ingest:one", "reason": "screen_minors", "line": 7},
        {"sample_id": ids["tied"], "stage": "release", "reason": "label_conflict", "line": 8},
    ]
    link = {"seed": 1, "detail": None, "stage_id": "s"}
    store.commit(
        "b",
        {
            "samples": frame(list(rows.values())),
            "annotations": pl.concat([labels, tied]),
            "lineage": frame([{"child_id": ids[c], "parent_id": ids[p], "relation": r} | link for c, p, r in edges]),
            "rejections": frame([place | row for row in rejected]),
            "release_rows": frozen["tables"]["release_rows"].with_columns(stage_id=pl.lit("r")),
        },
        entries=frozen["entries"],
    )
    down = {"sample_id": ids["gone"], "reason": "asked", "requested_at": datetime.now(UTC), "stage_id": "s"}
    store.commit("down", {"takedowns": frame([down])})
    read_model.build(store)
    with read_model.connect(store.path) as connection:
        yield connection, ids


def test_ancestors_and_descendants_are_followed_to_any_depth_and_once_round_a_cycle(chain):
    connection, ids = chain
    down = [(edge["depth"], edge["child_id"]) for edge in lineage.descendants(connection, ids["a"])]
    expected = [(1, "b"), (2, "c"), (3, "d"), (3, "x"), (3, "y"), (4, "b")]
    assert sorted(down) == sorted((depth, ids[name]) for depth, name in expected)
    up = [(edge["depth"], edge["parent_id"]) for edge in lineage.ancestors(connection, ids["y"], depth=3)]
    assert sorted(up) == sorted((depth, ids[n]) for depth, n in [(1, "c"), (2, "b"), (3, "a"), (3, "d")])
    assert {edge["child_id"] for edge in lineage.descendants(connection, ids["a"], depth=1)} == {ids["b"]}
    assert lineage.descendants(connection, ids["a"], skip=["leetspeak@1"]) == []


def test_trace_shows_how_far_away_what_was_made_is(chain):
    connection, ids = chain
    events = lineage.trace(connection, ids["b"])
    made = [(e["depth"], e["relation"], e["samples"]) for e in events if e["event"] == "derived"]
    assert made == [(1, "base64@1", 1), (2, "base64@1", 1), (2, "past_tense@1", 2), (3, "leetspeak@1", 1)]
    assert [e["event"] for e in lineage.trace(connection, ids["b"], depth=1)] == ["made_from", "made_from", "derived"]


def test_a_row_that_was_taken_down_is_followed_to_the_release_that_had_it(chain):
    connection, ids = chain
    assert lineage.find(connection, ids["gone"][:16]) == ids["gone"]
    events = {event["event"]: event for event in lineage.trace(connection, ids["gone"])}
    assert events["released"]["name"] == "spring" and events["taken_down"]["removed_seq"] == 2
    (reason,) = lineage.why(connection, ids["gone"])
    assert (reason["event"], reason["reason"]) == ("taken_down", "asked")


def test_why_names_what_ties_and_who_is_not_in_the_run(chain):
    connection, ids = chain
    (conflict,) = lineage.why(connection, ids["tied"])
    assert conflict["reason"] == "label_conflict"
    assert conflict["detail"] == "Safe with warning / Unsafe tie among the human answers"
    assert lineage.why(connection, ids["left"])[0]["reason"] == "not_in_run"
    assert lineage.why(connection, ids["x"])[0]["reason"] == "no_label"


def test_a_record_that_never_became_a_sample_is_found_by_its_place(chain):
    connection, _ = chain
    place = lineage.find(connection, "one:图/f.csv:7")
    for ask in (lineage.why, lineage.trace):
        (reason,) = ask(connection, place)
        assert (reason["stage"], reason["reason"], reason["line"]) == ("ingest:one", "screen_minors", 7)
    assert lineage.find(connection, "one:图/f.csv:8") == chain[1]["tied"]
    (tied,) = lineage.why(connection, chain[1]["tied"])
    assert tied["match_is_released"] is None  # there is no match
    for wrong in ("one:图/f.csv:9", "one:f.csv:x", "', ''", "%"):
        with pytest.raises(LookupError):
            lineage.find(connection, wrong)


def test_why_says_where_rows_failed(store, sample, annotation, frame):
    row = sample("ask", "reply") | {"stage_id": "ingested"}
    labels = frame([annotation(row["sample_id"], "Unsafe")])
    store.commit("b", {"samples": frame([row]), "annotations": labels})
    with ledger.writing(store.ledger) as connection:
        run = {"run_id": "r" * 64, "name": "n", "recipe": "{}", "state": "failed", "started_at": ledger.now()}
        connection.execute(ledger.runs.insert(), run)
        stages = [("ingest", "ingested", 0), ("judge", "judged", 3)]
        connection.execute(
            ledger.stages.insert(),
            [
                {
                    "run_id": "r" * 64,
                    "position": i,
                    "stage": stage,
                    "stage_id": key,
                    "state": "finished",
                    "failed": failed,
                }
                for i, (stage, key, failed) in enumerate(stages)
            ],
        )
    read_model.build(store)
    with read_model.connect(store.path) as catalog:
        (reason,) = lineage.why(catalog, row["sample_id"])
    assert reason["reason"] == "failed" and "judge failed on 3 rows" in reason["detail"]
