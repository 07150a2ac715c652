from datetime import UTC, datetime

import polars as pl
import pytest

from catalog import read_model, releases
from catalog.diff import CHANGES, diff

NAMES = ("stays", "relabelled", "moved", "gone", "copied", "tied", "unlabelled", "fresh")


@pytest.fixture
def two_releases(store, sample, annotation, frame):
    """A release, everything that may happen to its rows, and a second release."""
    rows = {name: sample(name, "回复") | {"stage_id": "s"} for name in NAMES}
    ids = {name: row["sample_id"] for name, row in rows.items()}

    def label(name, value, **more):
        return annotation(ids[name], value, **more)

    def members(split, *names):
        return [{"sample_id": ids[name], "split": split, "cluster_id": name} for name in names]

    def freeze(name, places, labels):
        stage = f"release-{name}"
        made = releases.freeze(store, frame(places), labels, name=name)
        rejected = made["conflicts"].select("sample_id", reason=pl.lit("label_conflict"), stage=pl.lit("release"))
        tables = {"release_rows": made["tables"]["release_rows"].with_columns(stage_id=pl.lit(stage))}
        if rejected.height:
            tables["rejections"] = _rejections(rejected, stage)
        store.commit(stage, tables, entries=made["entries"])
        return made["release_id"]

    first = [label(name, "Unsafe") for name in NAMES if name not in ("unlabelled", "fresh")]
    store.commit("1", {"samples": frame([rows[n] for n in NAMES if n != "fresh"]), "annotations": frame(first)})
    a = freeze("a", members("train", *NAMES[:-2]), frame(first))
    verdicts = [_verdict(ids[name], "va", "Unsafe", 0.9) for name in ("stays", "relabelled")]
    store.commit("3", {"verdicts": frame(verdicts)}, entries=_checkpoint("va", a))
    second = [
        label("relabelled", "Safe with warning", origin="review", annotator="rosa"),
        label("tied", "Safe with warning", annotator="b"),
        label("unlabelled", "Unsafe", annotator="b"),
        label("fresh", "Unsafe"),
    ]
    copy = {"sample_id": [ids["copied"]], "stage": "dedup", "reason": "near_duplicate", "matched_id": [ids["stays"]]}
    store.commit(
        "4",
        {
            "samples": frame([rows["fresh"]]),
            "annotations": frame(second),
            "rejections": _rejections(pl.DataFrame(copy).with_columns(similarity=pl.lit(0.9)), "release-b"),
        },
    )
    down = {"sample_id": ids["gone"], "reason": "asked", "requested_at": datetime.now(UTC), "stage_id": "s"}
    store.commit("5", {"takedowns": frame([down])})
    places = members("train", "stays", "relabelled", "tied", "unlabelled", "fresh") + members("test", "moved")
    b = freeze("b", places, frame(first + second))
    verdicts = [
        _verdict(ids["stays"], "vb", "Unsafe", 0.8),
        _verdict(ids["relabelled"], "vb", "Safe with warning", 0.1),
    ]
    store.commit("7", {"verdicts": frame(verdicts)}, entries=_checkpoint("vb", b))
    read_model.build(store)
    with read_model.connect(store.path) as connection:
        yield connection, {value: name for name, value in ids.items()}


def _rejections(rows, stage):
    null = {"detail": pl.String, "matched_id": pl.String, "similarity": pl.Float64, "line": pl.Int64}
    null |= {"source": pl.String, "file": pl.String}
    missing = [pl.lit(None, kind).alias(name) for name, kind in null.items() if name not in rows.columns]
    return rows.with_columns(*missing, stage_id=pl.lit(stage))


def _verdict(sample_id, checkpoint, label, p_unsafe):
    row = {"sample_id": sample_id, "checkpoint_id": checkpoint, "label": label, "p_unsafe": p_unsafe}
    return row | {"probs": [0.5], "category": "", "abstained": False, "truncated": False, "stage_id": "s"}


def _checkpoint(name, release_id):
    row = {"checkpoint_id": name, "kind": "verifier", "release_id": release_id, "path": name}
    return {"checkpoints": [row | {"created_at": datetime(2026, 1, 1)}]}


def _said(found, names):
    return {
        (row["change"], names.get(row["sample_id"]), row["before"], row["after"], row["why"], row["detail"])
        for row in found.rows.iter_rows(named=True)
    }


def test_every_row_that_differs_between_two_releases_says_why(two_releases):
    connection, names = two_releases
    warning = "Safe with warning"
    assert _said(diff(connection, "a", "b"), names) == {
        ("added", "fresh", None, "Unsafe", "new sample", "by a (human)"),
        ("added", "unlabelled", None, "Unsafe", "new annotation", "by b (human)"),
        ("removed", "gone", "Unsafe", None, "takedown", "asked"),
        ("removed", "copied", "Unsafe", None, "rejected: dedup / near_duplicate", _like(names)),
        ("removed", "tied", "Unsafe", None, "rejected: release / label_conflict", None),
        ("label", "relabelled", "Unsafe", warning, "new annotation (review)", "by rosa"),
        ("split", "moved", "train", "test", "drawn anew", None),
        ("verdict", "relabelled", "Unsafe", warning, "another verifier", "p_unsafe 0.9 to 0.1"),
    }


def _like(names):
    (stays,) = [sample_id for sample_id, name in names.items() if name == "stays"]
    return f"like {stays}, similarity 0.9"


def test_two_releases_are_compared_the_other_way_round_too(two_releases):
    connection, names = two_releases
    back = {(change, name): why for change, name, _, _, why, _ in _said(diff(connection, "b", "a"), names)}
    assert back[("added", "copied")] == "no longer rejected: dedup / near_duplicate"
    assert back[("removed", "fresh")] == "not in the run of the second"
    assert back[("label", "relabelled")] == "annotation not used before (human)"


def test_every_row_that_came_and_went_between_two_commits_says_why(two_releases):
    connection, names = two_releases
    warning = "Safe with warning"
    assert _said(diff(connection, "3", "7"), names) == {
        ("added", "fresh", None, None, "new sample", None),
        ("removed", "gone", None, None, "takedown", "asked"),
        ("rejected", "copied", None, None, "dedup / near_duplicate", _like(names)),
        ("rejected", "tied", None, None, "release / label_conflict", None),
        ("label", "relabelled", "Unsafe", warning, "new annotation (review)", "by rosa"),
        ("label", "tied", "Unsafe", f"conflict: {warning} / Unsafe", "new annotation (human)", "by b"),
        ("label", "unlabelled", None, "Unsafe", "new annotation (human)", "by b"),
        ("verdict", "relabelled", "Unsafe", warning, "another verifier", "p_unsafe 0.9 to 0.1"),
    }


def test_nothing_differs_from_itself(two_releases):
    connection, _ = two_releases
    for same in ("a", "4"):
        found = diff(connection, same, same)
        assert found.rows.is_empty() and found.summary().is_empty()


def test_the_summary_counts_every_change_and_keeps_their_order(two_releases):
    connection, _ = two_releases
    found = diff(connection, "0", "7")
    summary = found.summary()
    assert summary["rows"].sum() == found.rows.height
    changes = summary["change"].unique(maintain_order=True).to_list()
    assert changes == [change for change in CHANGES if change in changes]
    assert summary.row(0) == ("added", None, None, "new sample", 7)


def test_a_release_is_named_by_its_digest_too_and_mixed_with_moments(two_releases):
    connection, names = two_releases
    ((digest,),) = connection.execute("select release_id from releases where name = 'b'").fetchall()
    assert _said(diff(connection, "a", digest[:10]), names) == _said(diff(connection, "a", "b"), names)
    assert (diff(connection, "a", "7").a, diff(connection, "a", "7").b) == ("commit 2", "commit 7")


def test_what_cannot_be_compared_is_an_error_that_says_so(two_releases):
    connection, _ = two_releases
    with pytest.raises(LookupError, match="'winter' is no commit"):
        diff(connection, "a", "winter")
    with pytest.raises(ValueError, match="older one first"):
        diff(connection, "7", "3")
