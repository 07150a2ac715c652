import pytest

from corpus.pictures.near import MAX_DISTANCE
from safeladder.recipe import DedupConfig, load, read
from safeladder.releasing import create_release
from train import RLConfig


def write(tmp_path, text):
    path = tmp_path / "r.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_recipes_are_valid(request):
    examples = request.config.rootpath / "examples"
    assert load(examples / "demo.yaml").sources == ("seed", "seed-images", "seed-value", "seed-knowledge")
    assert len(load(examples / "eight_sets.yaml").sources) == 9


def test_pictures_are_compared_as_the_corpus_compares_them():
    assert DedupConfig().pictures == MAX_DISTANCE


def test_a_plan_compiles_nothing(tmp_path, safeladder):
    recipe = write(tmp_path, "name: x\nsources: [seed]\nrelease: {name: x}\n")
    done = safeladder("run", recipe, "--plan", cwd=tmp_path, store=tmp_path / "store", PYTHONPROFILEIMPORTTIME="1")
    assert "polars" in done.stderr and "numba.core" not in done.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nsources: [seed]\nfiltr: {}\n", "filtr: unknown key; did you mean filter?"),
        ("name: x\nsources: [seed]\nfilter: {max_char: 3}\n", "filter.max_char: unknown key; did you mean max_chars?"),
        ("name: x\nsources: [seed]\nverifier: {epoch: 1}\n", "verifier.epoch: unknown key; did you mean epochs?"),
        ("name: x\nsources: []\n", "sources: names no source"),
        ("name: x\nsources: seed\n", "sources: expected a list, such as [seed]"),
        ("name: x\nsources: [seed, b, seed]\n", "sources: 'seed' stands there twice"),
        ("", "r.yaml is empty"),
        ("name: x\nsource: [seed]\n", "r.yaml:\n  source: unknown key; did you mean sources?"),
        ("name: x\nsources: [a]\nqqq: 1\nzzz: 2\n", "r.yaml:\n  qqq, zzz: unknown keys; valid keys: name, seed,"),
        ("name: x\nsources: [seed]\nsplit: {test: 2}\n", "split.test"),
        ("- a\n- b\n", "expected keys and values"),
        ("name: [", "no YAML"),
        ("name: x\nsources: [seed]\nverifier: null\nrl: {}\n", "rl needs a verifier"),
    ],
)
def test_what_is_not_valid_is_answered_with_the_place_and_the_nearest_key(tmp_path, text, message):
    with pytest.raises(ValueError) as caught:
        load(write(tmp_path, text))
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["", "a/b c", "3", "2026-11-26", "发布"])
def test_a_release_is_not_called_like_a_commit_or_a_time(tmp_path, name):
    with pytest.raises(ValueError, match=r"release\.name: .*a release name starts with a letter"):
        load(write(tmp_path, f"name: x\nsources: [seed]\nrelease: {{name: '{name}'}}\n"))
    with pytest.raises(ValueError, match="a release name starts with a letter"):
        create_release(tmp_path / "no_store", name)  # said before the store is looked for


def test_a_recipe_given_for_a_part_of_one_is_known_for_what_it_is(tmp_path):
    path = write(tmp_path, "name: x\nsources: [seed]\nsynth: null\n")
    with pytest.raises(ValueError) as caught:
        read(path, RLConfig)
    assert str(caught.value).count("valid keys:") == 1
    assert str(caught.value).endswith(f"this looks like a recipe: safeladder run {path}")


def test_a_recipe_cannot_be_changed_once_read(tmp_path):
    recipe = load(write(tmp_path, "name: x\nsources: [seed]\n"))
    with pytest.raises(ValueError):
        recipe.seed = 1


def test_a_missing_recipe_says_where_the_shipped_ones_lie(tmp_path):
    with pytest.raises(ValueError, match="examples/"):
        load(tmp_path / "nowhere.yaml")
