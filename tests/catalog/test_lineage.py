import json

import polars as pl
import pytest

from catalog import lineage, read_model, releases


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


def test_an_id_is_found_by_its_first_characters_unless_several_begin_so(catalog):
    connection, ids = catalog
    assert lineage.find(connection, ids["kept"][:20]) == ids["kept"]
    with pytest.raises(LookupError, match="several"):
        lineage.find(connection, "")
    with pytest.raises(LookupError, match="no sample"):
        lineage.find(connection, "not an id")
