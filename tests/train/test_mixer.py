"""A mix by hand, and every way in which it must refuse to guess."""

import pytest
from pydantic import ValidationError

from train.mixer import HOME, Mix

MIX = Mix(
    name="toy",
    version=1,
    source="here",
    every={"format": 0.25},
    rows={"safety": {"safety": 1.0}, "jailbreak": {"safety": 0.5}, "normal": {"helpfulness": 1.0, "refusal": -2.0}},
)


def test_totals_by_hand():
    totals = MIX(
        ["safety", "jailbreak", "normal"],
        {
            "safety": [0.9, 0.8, None],
            "format": [1.0, 0.0, 1.0],
            "helpfulness": [None, None, 0.7],
            "refusal": [None, None, 0.1],
        },
    )
    # .9 + .25, .5 x .8, .7 - .2 + .25
    assert totals == pytest.approx([1.15, 0.4, 0.75])


def test_a_gap_in_a_needed_component_is_a_gap_in_the_total_and_other_gaps_are_not():
    components = {"safety": [None, 1.0], "format": [1.0, 1.0], "helpfulness": [None, None]}
    assert MIX(["safety", "safety"], components) == [None, 1.25]


def test_the_totals_do_not_depend_on_the_order_of_rows():
    # scorers that give different components for different rows
    labels = ["normal", "safety", "normal"]
    components = {
        "safety": [None, 0.3, None],
        "format": [0.0, 1.0, 1.0],
        "helpfulness": [0.5, None, 0.2],
        "refusal": [0.0, None, 0.0],
    }
    turned = {name: values[::-1] for name, values in components.items()}
    assert MIX(labels[::-1], turned) == MIX(labels, components)[::-1]


def test_an_unknown_label_stops_the_run_and_names_the_nearest():
    with pytest.raises(LookupError, match="did you mean 'jailbreak'"):
        MIX.check(["safety", "jailbrake"], ["safety", "format"])
    with pytest.raises(LookupError, match="no row for record label"):
        MIX(["knowledge"], {"format": [1.0]})


def test_a_missing_component_stops_the_run_and_names_the_nearest():
    with pytest.raises(LookupError, match="needs the component 'safety'; did you mean 'safely'"):
        MIX.check(["safety"], ["format", "safely"])
    # what no row of these labels needs may be missing
    MIX.check(["safety"], ["format", "safety"])


def test_a_component_that_is_no_number_or_too_short_is_an_error():
    with pytest.raises(ValueError, match="not finite"):
        MIX(["safety"], {"safety": [float("nan")], "format": [1.0]})
    with pytest.raises(ValueError, match="1 rewards for 2 rows"):
        MIX(["safety", "safety"], {"safety": [1.0], "format": [1.0, 1.0]})


def test_a_reward_sees_only_the_rows_that_need_it():
    seen = {}

    def reward(name):
        def score(prompts, completions, *, reference):
            seen[name] = list(zip(prompts, completions, reference, strict=True))
            return [0.5] * len(prompts)

        return score

    rewards = {name: reward(name) for name in ("safety", "format", "helpfulness", "refusal")}
    scores = MIX.score(["safety", "normal"], rewards, ["p1", "p2"], ["c1", "c2"], reference=[None, "r2"])
    assert seen["safety"] == [("p1", "c1", None)]
    assert seen["helpfulness"] == [("p2", "c2", "r2")]
    assert scores["safety"] == [0.5, None] and scores["format"] == [0.5, 0.5]


def test_a_shipped_mix_has_a_row_for_jailbreaks_and_its_file_name():
    for path in HOME.glob("*.yaml"):
        mix = Mix.load(path.stem)
        assert mix.name == path.stem and "jailbreak" in mix.rows
    assert Mix.load("guard").needed(Mix.load("guard").rows) == ["safety"]
    with pytest.raises(LookupError, match="did you mean 'guard'"):
        Mix.load("gard")


def test_an_unknown_key_is_an_error():
    with pytest.raises(ValidationError):
        Mix.model_validate({**MIX.model_dump(), "default": 1.0})
