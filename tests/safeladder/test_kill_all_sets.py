"""The kill test over all public sets: needs their local copies, and takes as long as a dozen runs up to release."""

import os
import random
import time
from pathlib import Path

import pytest
import yaml

from tests.safeladder.killing import begin, finish, kill, left_alive, media, outcome

DATA = os.environ.get("SAFELADDER_DATA")
RECIPE = Path(__file__).parents[2] / "examples" / "all_sources.yaml"
KILLS = 10

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("kill"),
    pytest.mark.skipif(not DATA, reason="needs local copies of the public sets: SAFELADDER_DATA"),
]


def test_ten_kills_over_all_sets_lose_and_double_nothing(tmp_path):
    recipe = tmp_path / "all.yaml"
    recipe.write_text(yaml.safe_dump(yaml.safe_load(RECIPE.read_text()) | {"verifier": None, "rl": None}))
    data, store, undisturbed = Path(DATA), tmp_path / "store", tmp_path / "undisturbed"
    began = time.monotonic()
    finish(begin(recipe, undisturbed, data, workers=1))
    seconds = time.monotonic() - began
    draw = random.Random(69)
    killed = 0
    for _ in range(KILLS):
        process = begin(recipe, store, data, workers=draw.choice([1, 2, 4]))
        # A tenth to a quarter of the whole each time, so that the kills fall all along the run.
        killed += kill(process, store, after=draw.uniform(0.1, 0.25) * seconds)
        assert left_alive(process.pid) == []
    finish(begin(recipe, store, data, workers=2))
    assert killed >= 4, "the run was over before it could be killed a few times"
    assert outcome(store) == outcome(undisturbed) and media(store) == media(undisturbed)
    assert not list((store / "work").iterdir())
