"""The stage that derives rows: cut into pieces, killed and resumed, it makes the same rows and pictures once."""

import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
import yaml

from catalog import Store, read_model, with_text
from catalog.store import media_name
from safeladder.execution import run_recipe
from synth import children
from synth.images import LIFT
from synth.language import language
from tests.safeladder.killing import begin, finish, kill, left_alive, media, outcome

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kill")]

NOWHERE = Path("none")
SYNTH = {"attacks_per_row": 0.1, "counterfactuals_per_row": 0.2, "lifts_per_row": 0.15, "benign_images": 1.5}


def written(folder, synth):
    path = folder / f"{'with' if synth else 'without'}.yaml"
    value = {"name": "lift", "sources": ["seed", "seed-images", "seed-value"], "verifier": None, "synth": synth}
    path.write_text(yaml.safe_dump(value))
    return path


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    return written(tmp_path_factory.mktemp("recipe"), SYNTH)


@pytest.fixture(scope="module")
def curated(tmp_path_factory):
    """A store with everything before the stage."""
    folder = tmp_path_factory.mktemp("curated")
    run_recipe(written(folder, None), folder / "store", NOWHERE)
    return folder / "store"


@pytest.fixture(scope="module")
def undisturbed(recipe, curated, tmp_path_factory):
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    shutil.copytree(curated, store)
    run_recipe(recipe, store, NOWHERE)
    return store


@pytest.fixture
def store(curated, tmp_path):
    return Path(shutil.copytree(curated, tmp_path / "store"))


def result(store):
    """Segments of the stage byte by byte, its accounting, its pictures, and the release that follows."""
    held, stages = outcome(store)
    made = {table: digests for (stage, table), digests in held.items() if stage == "synth"}
    return made, stages, media(store), set(Store(store).read("releases")["release_id"])


def of_stage(store, table):
    opened = Store(store)
    (stage_id,) = opened.read("stages").filter(pl.col("stage") == "synth")["stage_id"].unique()
    return opened.read(table, batch_id=stage_id)


@pytest.mark.parametrize("workers", [2, 4])
def test_the_number_of_workers_changes_nothing(workers, recipe, undisturbed, store):
    run_recipe(recipe, store, NOWHERE, workers=workers)
    assert result(store) == result(undisturbed)


def test_killed_twice_and_robbed_of_its_pictures_it_ends_with_the_same_rows_and_pictures(recipe, undisturbed, store):
    for workers, files in ((2, 12), (1, 30)):
        process = begin(recipe, store, NOWHERE, workers=workers)
        assert kill(process, store, files=files)
        assert left_alive(process.pid) == []
    assert list((store / "work").glob("*/variants/*"))  # what was finished
    unlisted = set(media(store)) - set(Store(store).read("media")["media_id"])
    assert unlisted
    for name in unlisted:  # a collector may take what nothing lists
        (store / media_name(name)).unlink()
    finish(begin(recipe, store, NOWHERE, workers=4))
    assert result(store) == result(undisturbed)
    assert not list((store / "work").iterdir())


def test_harmless_pictures_stand_beside_the_unsafe_ones_in_each_language(undisturbed):
    rows = with_text(of_stage(undisturbed, "samples")).join(of_stage(undisturbed, "annotations"), on="sample_id")
    pictured = rows.filter(pl.col("images").list.len() > 0)
    lifted = pictured.filter((pl.col("annotator") == LIFT) & pl.col("unsafe"))
    parentless = of_stage(undisturbed, "lineage").filter(pl.col("parent_id") == pl.col("relation"))
    harmless = pictured.join(parentless, left_on="sample_id", right_on="child_id", how="semi")
    unsafe, safe = (Counter(map(language, frame["prompt"])) for frame in (lifted, harmless))
    assert unsafe["en"] > 5 and unsafe["zh"] > 5
    assert safe == {tongue: round(1.5 * count) for tongue, count in unsafe.items()}
    sides = of_stage(undisturbed, "splits")
    assert sides["sample_id"].is_unique().all() and set(sides["sample_id"]) == set(rows["sample_id"])


def test_what_was_not_made_of_a_row_is_said_in_the_catalog(undisturbed):
    with read_model.connect(undisturbed) as catalog:
        found = catalog.execute(
            """select relation, reason, count(*) from skipped k join occurrences o using (sample_id)
               where stage = 'synth' and source <> 'seed' group by all"""
        ).fetchall()
    assert {one[:2] for one in found} >= {("derive", "not_safety"), (LIFT, "has_picture")}


def test_a_row_that_fails_is_counted_and_done_again_when_asked(recipe, undisturbed, store, monkeypatch):
    drawn, lift = [], children.lift

    def failing(prompt, **options):
        drawn.append(prompt)
        if prompt == drawn[0]:
            raise LookupError(prompt)
        return lift(prompt, **options)

    monkeypatch.setattr(children, "lift", failing)
    run_recipe(recipe, store, NOWHERE)
    failed = of_stage(store, "rejections")
    assert failed.height == 1 and failed.select("stage", "reason", "detail").row(0) == (
        "synth",
        "failed",
        "LookupError",
    )
    monkeypatch.undo()
    run_recipe(recipe, store, NOWHERE, retry_failed=True)
    opened = Store(store)
    last = opened.read("stages").filter((pl.col("stage") == "synth") & (pl.col("failed") == 0))
    again = opened.read("samples", batch_id=last["stage_id"][0])
    assert set(again["sample_id"]) == set(of_stage(undisturbed, "samples")["sample_id"])
