"""`curate` chooses by quota and freezes what it chose; `signals` measures a release and draws it."""

import json

import polars as pl
import pytest

from catalog import Store, digest, ledger, read_model
from catalog.ids import chat, prompt_id, sample_id
from catalog.releases import freeze
from corpus.curate import Selection
from safeladder import curating
from safeladder.pipeline.frames import table

ENGLISH = [f"How long does a loaf of kind {n} have to rest?" for n in range(12)]
CHINESE = [f"第{n}种面包要放多久才能切开来吃？" for n in range(6)]
SAFE, UNSAFE = "Safe without risk", "Unsafe"


def a_row(n, prompt):
    messages = chat(prompt, "一个小时左右就好。" if n >= len(ENGLISH) else f"About {n} hours, no more.")
    return {
        "sample_id": sample_id(messages),
        "prompt_id": prompt_id(messages),
        "messages": messages,
        "label": UNSAFE if n % 3 == 0 else SAFE,
        "split": "test" if n % 4 == 3 else "train",
        "cluster_id": f"cluster {n // 2}",
    }


@pytest.fixture
def store(tmp_path):
    """A released set of twelve English and six Chinese rows, a third of them labelled unsafe, two to a cluster."""
    rows = [a_row(n, prompt) for n, prompt in enumerate(ENGLISH + CHINESE)]
    annotations = pl.DataFrame(
        [
            {
                "annotation_id": digest([row["sample_id"]]),
                "sample_id": row["sample_id"],
                "task": "safety",
                "label": row["label"],
                "unsafe": row["label"] == UNSAFE,
                "category": "advice",
                "subcategory": None,
                "origin": "human",
                "annotator": "shelf",
                "stage_id": "s",
            }
            for row in rows
        ],
        schema_overrides={"subcategory": pl.String},
    )
    table = pl.DataFrame(rows).with_columns(stage_id=pl.lit("s"))
    store = Store(tmp_path / "store")
    members = table.select("sample_id", "split", "cluster_id")
    frozen = freeze(store, members, annotations, name="all")
    store.commit(
        "b",
        {
            "samples": table.select("sample_id", "prompt_id", "messages", "stage_id"),
            "annotations": annotations,
            "splits": table.select("sample_id", "split", "cluster_id", "stage_id"),
            "clusters": table.select("sample_id", "cluster_id", "stage_id"),
            "release_rows": frozen["tables"]["release_rows"].with_columns(stage_id=pl.lit("s")),
        },
        entries=frozen["entries"],
    )
    read_model.build(store)
    return store


@pytest.fixture
def curate(safeladder, store, tmp_path):
    """Run `curate` on a selection."""

    def call(text, *words, check=True):
        file = tmp_path / "balanced.yaml"
        file.write_text(text, encoding="utf-8")
        return safeladder("curate", file, *words, cwd=tmp_path, store=store.path, check=check)

    return call


HALVES = "rows: 8\nby: [language, label]\nshares:\n  language: {en: 0.5, zh: 0.5}\n"


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_plan_shows_the_cells_and_writes_nothing(curate, store):
    done = curate(HALVES, "--plan", "--json")
    cells = {(row["language"], row["label"]): (row["wanted"], row["available"], row["short"]) for row in lines(done)}
    assert cells == {
        ("en", SAFE): (2, 8, 0),
        ("en", UNSAFE): (2, 4, 0),
        ("zh", SAFE): (2, 4, 0),
        ("zh", UNSAFE): (2, 2, 0),
    }
    assert "8 of 8 rows from release all, 0 short" in done.stderr and "nothing was written" in done.stderr
    assert store.head() == 1


def test_what_was_chosen_is_a_release_with_the_sides_that_its_rows_had(curate, store):
    curate(HALVES)
    release = store.read("releases").row(by_predicate=pl.col("name") == "balanced", named=True)
    rows = store.read("release_rows").filter(pl.col("release_id") == release["release_id"])
    before = store.read("release_rows").filter(pl.col("release_id") != release["release_id"])
    both = rows.join(before, on=["sample_id", "split", "cluster_id", "task", "label", "unsafe"])
    assert rows.height == both.height == release["rows"] == 8
    edge = store.read("lineage").row(0, named=True)
    assert (edge["child_id"], edge["relation"]) == (release["release_id"], "curated")
    assert json.loads(edge["detail"])["rows"] == 8
    again = curating.freeze(store.path, curating.plan(store.path, asked(release="all")), asked(), name="again")
    assert (again["release_id"], again["new"]) == (release["release_id"], False), "the same rows are the same release"


def asked(**options):
    halves = {"rows": 8, "by": ["language", "label"], "shares": {"language": {"en": 0.5, "zh": 0.5}}}
    return Selection.model_validate(halves | options)


def test_a_condition_and_a_cell_that_lacks_rows(store):
    where = "split = 'train' and prompt like '%面包%'"
    report = curating.plan(store.path, asked(where=where)).report
    found = {row[:2]: row[2:] for row in report.select("language", "label", "chosen", "short").iter_rows()}
    assert found["en", None] == (0, 4) and found["zh", UNSAFE] == (1, 1)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"where": "colour = 'red'"}, ValueError, "where: .*colour"),
        ({"where": "exists (from read_text('/etc/hostname'))"}, ValueError, "where: .*disabled"),
        ({"where": "prompt::int > 3"}, ValueError, "^where: ConversionException on some row; try_cast"),
        ({"where": "difficulty > 0.5"}, LookupError, "never measured: `safeladder signals --release all`"),
        ({"order": ["label_noise desc"]}, LookupError, "never measured"),
        ({"where": "REFUSAL = 'plain'"}, LookupError, "never measured"),
        ({"where": "label = 'Safe with refusal'"}, LookupError, "no row of release all"),
        ({"where": "split = 'nowhere'"}, LookupError, "no row of release all"),
        (
            {"shares": {"label": {"Unsaf": 1}}},
            ValueError,
            "shares.label: there is no label 'Unsaf'; did you mean Unsafe",
        ),
        ({"shares": {"language": {"eng": 1}}}, ValueError, "shares.language: .*did you mean en"),
        (
            {"cells": [{"label": "拒绝", "least": 1}]},
            ValueError,
            "cells: there is no label '拒绝'; such as FALSE",
        ),
        ({"release": "other"}, LookupError, "no release 'other'; there are: all"),
        ({"cells": [{"most": 1}]}, ValueError, "4 at the most"),
    ],
)
def test_what_cannot_be_chosen_says_why(options, error, says, store):
    with pytest.raises(error, match=says):
        curating.plan(store.path, asked(**options))


def test_a_signal_that_an_earlier_version_did_not_measure_is_named(store):
    release_id = store.read("releases")["release_id"].item()
    rows = store.read("release_rows").select("sample_id", "task")
    old = table("signals", rows, release_id=release_id, cluster_size=2)
    store.commit("earlier", {"signals": old.with_columns(stage_id=pl.lit("earlier"))})
    read_model.build(store)
    curating.plan(store.path, asked(where="cluster_size = 2"))
    curating.plan(store.path, asked(where="coalesce(label_noise, 0) < 0.5 and difficulty is null"))
    stale = ({"where": "coalesce(toxicity, 0) = 0"}, "toxicity"), ({"order": ["refusal"]}, "refusal")
    for options, name in (*stale, ({"where": "refusal is distinct from 'plain'"}, "refusal")):
        with pytest.raises(LookupError, match=rf"{name} is known of no row of release all.*signals --release all"):
            curating.plan(store.path, asked(**options))


def test_a_row_that_was_taken_down_since_is_not_released(store):
    planned = curating.plan(store.path, asked())
    gone = planned.chosen.select(
        "sample_id", reason=pl.lit("asked"), requested_at=pl.lit(ledger.now()), stage_id=pl.lit("t")
    ).head(1)
    store.commit("t", {"takedowns": gone})
    with pytest.raises(RuntimeError, match="8 rows were chosen, but 7 have a settled label now"):
        curating.freeze(store.path, planned, asked(), name="balanced")
    assert store.read("releases").height == 1


@pytest.mark.slow
def test_signals_are_measured_kept_and_drawn_and_choose(safeladder, store, curate, tmp_path):
    done = safeladder("signals", "--json", cwd=tmp_path, store=store.path)
    (row,) = lines(done)
    assert row["rows"] == row["nearest"] == row["neighbour_noise"] == row["cluster_size"] == 18
    assert row["difficulty"] == row["verdict_noise"] == 0  # no verifier and no rollouts: not known, and not 0
    assert row["refusal"] == row["toxicity"] == row["cut_off"] == row["repeats_prompt"] == 18
    measured = store.read("signals")
    assert measured["cluster_size"].to_list() == [2] * 18
    assert measured["nearest"].is_between(0.5, 1).all() and measured["difficulty"].null_count() == 18
    assert not (measured["nearest_id"] == measured["sample_id"]).any()
    with open(row["map"], encoding="utf-8") as picture:
        assert "18 rows by meaning" in picture.read()
    assert pl.read_csv(row["coverage"])["rows"].sum() == 18
    safeladder("signals", cwd=tmp_path, store=store.path)
    assert store.read("signals").height == 18, "measured again, and the same: written once"
    done = curate("rows: 2\nby: [label]\nwhere: nearest > 0\norder: [label_noise]\nspread: 2\n", "--json")
    assert [row["chosen"] for row in lines(done)[:2]] == [1, 1]
    where = "refusal = 'none' and not cut_off and not repeats_prompt and toxicity = 0"
    done = curate(f"release: all\nrows: 18\nby: [language]\nwhere: {where}\norder: [toxicity]\n", "--plan", "--json")
    assert [row["available"] for row in lines(done)] == [12, 6]
    done = curate("release: all\nrows: 1\nwhere: refusal = 'plain'\n", "--plan", check=False)
    assert "no row of release" in done.stderr


def test_a_name_that_no_release_can_have_is_refused_before_anything_is_shown(curate, store):
    done = curate(HALVES, "--name", "2026", check=False)
    assert done.returncode == 2 and not done.stdout and "starts with a letter" in done.stderr
    assert "nothing was written" in curate(HALVES, "--plan").stderr


def test_a_language_that_is_not_there_yet_is_short(store):
    report = curating.plan(store.path, asked(shares={"language": {"zh": 1, "fr": 1}})).report
    assert report.filter(pl.col("language") == "fr")["short"].sum() == 4
