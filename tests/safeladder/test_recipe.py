import pytest

from safeladder.recipe import RecipeError, load


def write(tmp_path, text):
    path = tmp_path / "r.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_recipes_are_valid(request):
    examples = request.config.rootpath / "examples"
    assert load(examples / "demo.yaml").sources == ("seed", "seed-images", "seed-value", "seed-knowledge")
    assert len(load(examples / "eight_sets.yaml").sources) == 9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nsources: [seed]\nfiltr: {}\n", "filtr: unknown key; did you mean filter?"),
        ("name: x\nsources: [seed]\nfilter: {max_char: 3}\n", "filter.max_char: unknown key; did you mean max_chars?"),
        ("name: x\nsources: [seed]\nverifier: {epoch: 1}\n", "verifier.epoch: unknown key; did you mean epochs?"),
        ("name: x\nsources: []\n", "sources"),
        ("name: x\nsources: [seed]\nsplit: {test: 2}\n", "split.test"),
        ("- a\n- b\n", "expected keys and values"),
        ("name: [", "no YAML"),
        ("name: x\nsources: [seed]\nverifier: null\nrl: {}\n", "rl needs a verifier"),
    ],
)
def test_what_is_not_valid_is_answered_with_the_place_and_the_nearest_key(tmp_path, text, message):
    with pytest.raises(RecipeError) as caught:
        load(write(tmp_path, text))
    assert message in str(caught.value)


def test_a_recipe_cannot_be_changed_once_read(tmp_path):
    recipe = load(write(tmp_path, "name: x\nsources: [seed]\n"))
    with pytest.raises(ValueError):
        recipe.seed = 1


def test_a_missing_recipe_says_where_the_shipped_ones_lie(tmp_path):
    with pytest.raises(RecipeError, match="examples/"):
        load(tmp_path / "nowhere.yaml")
