import polars as pl
import pytest

from catalog import ledger
from catalog.releases import find_release, freeze, release_rows, resolve_labels


def members(*samples):
    return pl.DataFrame({"sample_id": list(samples), "split": ["train"] * len(samples), "cluster_id": list(samples)})


def test_a_review_outranks_the_source_and_the_majority_decides_within_one_origin(annotation, frame):
    rows = frame(
        [
            annotation("x", "Unsafe", annotator="source"),
            annotation("x", "Safe with warning", origin="review", annotator="r1"),
            annotation("x", "Safe with warning", origin="review", annotator="r2"),
            annotation("x", "Unsafe", origin="review", annotator="r3"),
        ]
    )
    chosen, conflicts = resolve_labels(rows)
    assert chosen.row(0, named=True)["label"] == "Safe with warning"
    assert chosen.row(0, named=True)["origin"] == "review"
    assert conflicts.is_empty()


def test_a_tie_is_a_conflict_and_no_label(annotation, frame):
    rows = frame([annotation("x", "Unsafe", annotator="a"), annotation("x", "Safe with refusal", annotator="b")])
    chosen, conflicts = resolve_labels(rows)
    assert chosen.is_empty()
    assert conflicts.row(0, named=True) == {"sample_id": "x", "task": "safety", "answers": 2}


def test_the_same_annotation_committed_twice_has_one_vote(annotation, frame):
    once = annotation("x", "Unsafe", annotator="a")
    chosen, conflicts = resolve_labels(frame([once, once, annotation("x", "Safe with refusal", annotator="b")]))
    assert chosen.is_empty() and conflicts.height == 1


def test_of_a_reviewer_who_thought_again_the_last_answer_counts(annotation, frame):
    answers = ["Unsafe", "Safe with refusal"]
    rows = frame([annotation("x", label, origin="review", annotator="r") for label in answers])
    chosen, conflicts = resolve_labels(rows)
    assert chosen["label"].to_list() == ["Safe with refusal"] and conflicts.is_empty()


def test_a_six_way_answer_counts_before_a_binary_one(annotation, frame):
    rows = frame([annotation("x", None, unsafe=True, annotator="a"), annotation("x", "Unsafe", annotator="b")])
    chosen, _ = resolve_labels(rows)
    assert chosen["label"].to_list() == ["Unsafe"]


def test_a_release_has_the_digest_of_its_content_whatever_order_it_was_written_in(store, annotation, frame):
    labels = frame([annotation("x", "Unsafe"), annotation("y", "Safe with refusal")])
    one = freeze(store, members("x", "y"), labels, name="one")
    two = freeze(store, members("y", "x"), labels.reverse(), name="two")
    other = freeze(store, members("x", "y"), labels.with_columns(label=pl.lit("Unsafe")), name="three")
    assert one["release_id"] == two["release_id"] != other["release_id"]


def test_rows_without_a_label_or_taken_down_stay_out(store, annotation, frame):
    asked = {"requested_at": None, "reason": "asked for", "stage_id": "s"}
    store.commit("t", {"takedowns": frame([{"sample_id": "z"} | asked])})
    frozen = freeze(
        store, members("x", "y", "z"), frame([annotation("x", "Unsafe"), annotation("z", "Unsafe")]), name="r"
    )
    assert frozen["rows"]["sample_id"].to_list() == ["x"]


def test_rows_that_are_not_the_frozen_ones_are_noticed(store, annotation, frame):
    frozen = freeze(store, members("x"), frame([annotation("x", "Unsafe")]), name="r")
    forged = frozen["tables"]["release_rows"].with_columns(label=pl.lit("Safe with refusal"), stage_id=pl.lit("s"))
    store.commit("b", {"release_rows": forged}, entries=frozen["entries"])
    with pytest.raises(RuntimeError, match="not the ones that were frozen"):
        release_rows(store, find_release(store, "r")["release_id"])


def test_an_unknown_release_names_the_ones_there_are(store, annotation, frame):
    frozen = freeze(store, members("x"), frame([annotation("x", "Unsafe")]), name="spring")
    store.commit("b", {}, entries=frozen["entries"])
    with pytest.raises(LookupError, match="spring"):
        find_release(store, "autumn")
    assert find_release(store, None)["name"] == find_release(store, frozen["release_id"][:8])["name"] == "spring"


def test_a_name_is_looked_for_before_digests_and_a_digest_needs_six_characters(store):
    def entry(name, digest):
        return {"release_id": digest, "name": name, "rows": 1, "created_at": ledger.now()}

    store.commit("1", {}, entries={"releases": [entry("a", "b" * 64)]})
    store.commit("2", {}, entries={"releases": [entry("other", "a" * 64)]})
    assert find_release(store, "a")["name"] == "a"
    assert find_release(store, "aaaaaa")["name"] == "other"
    with pytest.raises(LookupError, match="there are: other, a"):
        find_release(store, "aaa")
