"""The label-to-score map."""

import pytest
from pydantic import ValidationError

from catalog.labels import SAFETY
from verifiers import Policy


def test_the_published_scores():
    policy = Policy.load("safework-r1")
    assert [policy.score(label) for label in SAFETY] == [0.1, 1.0, 1.0, 0.0, 0.0, 0.01]
    assert policy.version == 1


def test_no_label_has_no_score():
    assert Policy.load("safework-r1").score(None) is None


@pytest.mark.parametrize("label", ["unsafe", "Safe", "", "安全"])
def test_an_unknown_label_is_an_error(label):
    with pytest.raises(ValueError, match="knows no label"):
        Policy.load("safework-r1").score(label)


def test_an_unknown_policy_is_an_error_that_names_the_known_ones():
    with pytest.raises(LookupError, match="safework-r1"):
        Policy.load("none")


@pytest.mark.parametrize("change", [{"Unsafe": 2.0}, {"unsafe": 0.0}])
def test_a_policy_that_is_not_whole_is_refused(change):
    scores = dict.fromkeys(SAFETY, 0.5) | change
    with pytest.raises(ValidationError):
        Policy(name="x", version=1, source="x", scores=scores)
    with pytest.raises(ValidationError):
        Policy(name="x", version=1, source="x", scores={"Unsafe": 0.0})
