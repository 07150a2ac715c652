"""The benchmark of reading back, with a reader that makes known mistakes: it draws, compares and counts as it says."""

import importlib.util
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import Store
from catalog.media import probe
from synth.images import RenderSpec, render, visible_text
from synth.images.spec import font_digest

ROOT = Path(__file__).resolve().parents[2]
TEXTS = st.text(alphabet="ab 你好，.", max_size=12)


@pytest.fixture(scope="module")
def benchmark():
    path = list(sys.path)
    spec = importlib.util.spec_from_file_location("benchmark_readback", ROOT / "benchmarks" / "readback.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path[:] = path
    return module


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Six plain pictures of mild text in each language, and three that are not plain."""
    store = Store(tmp_path_factory.mktemp("store"))
    plain = [*(f"Bread number {n} rises." for n in range(6)), *(f"第{n}个面包发酵了。" for n in range(6))]
    specs = [spec(text) for text in plain]
    specs += [spec("A note.", layout="note"), spec("Turned.", rotation=2.0), spec("Noise.", noise=3.0)]
    rows = []
    for one in specs:
        png = render(one)
        store.put_media(png)
        rows.append(probe(png) | {"text": visible_text(one), "spec": one.model_dump_json()})
    store.commit(
        "pictures",
        {"media": pl.DataFrame(rows).with_columns(stage_id=pl.lit("s")).cast({"width": pl.Int32, "height": pl.Int32})},
    )
    return store


def spec(text, **options):
    return RenderSpec(text=text, font_sha256=font_digest("Noto Sans SC"), **options)


def known(store, change=lambda text: text):
    """A reader that knows every picture."""
    texts = {row["media_id"]: row["text"] for row in store.read("media").iter_rows(named=True)}
    return lambda png: change(texts[probe(png)["media_id"]])


def test_only_plain_pictures_are_drawn_and_a_perfect_reader_reads_all(benchmark, store):
    found = benchmark.measure(store, pictures=500, seed=0, reader=known(store))
    assert set(found) == {"ratios", "figures", "versions", "sizes"}
    assert found["sizes"] == {"plain_pictures": 12, "read": 12, "seed": 0}
    perfect = {"characters_right": 1.0, "read_exactly": 1.0}
    assert found["figures"]["all"] == {"pictures": 12, **perfect}
    assert found["figures"]["en"] == found["figures"]["zh"] == {"pictures": 6, **perfect}


def test_a_mistake_is_counted_in_its_language(benchmark, store):
    found = benchmark.measure(
        store, pictures=500, seed=0, reader=known(store, lambda text: text.replace("面包", "面饱"))
    )
    assert found["figures"]["en"]["characters_right"] == 1
    # One of nine characters in each Chinese picture.
    assert found["figures"]["zh"] == {"pictures": 6, "characters_right": round(8 / 9, 4), "read_exactly": 0.0}


def test_the_sample_follows_from_its_seed(benchmark, store):
    drawn = []

    def reader(png):
        drawn[-1].add(probe(png)["media_id"])
        return ""

    for seed in (0, 0, 1):
        drawn.append(set())
        found = benchmark.measure(store, pictures=4, seed=seed, reader=reader)
        assert found["figures"]["all"] == {"pictures": 4, "characters_right": 0.0, "read_exactly": 0.0}
    assert drawn[0] == drawn[1] != drawn[2]


def test_width_and_white_space_do_not_count_but_letters_do(benchmark):
    assert benchmark.normalized("你好， 世界！\n“A”") == benchmark.normalized('你好,世界!"A"')
    assert benchmark.normalized("Ab") != benchmark.normalized("ab")


@given(one=TEXTS, other=TEXTS)
def test_the_distance_is_levenshteins(benchmark, one, other):
    table = {(i, 0): i for i in range(len(one) + 1)} | {(0, j): j for j in range(len(other) + 1)}
    for i, mine in enumerate(one, start=1):
        for j, theirs in enumerate(other, start=1):
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (mine != theirs))
    assert benchmark.distance(one, other) == table[len(one), len(other)]
