"""Group advantages against numbers worked by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.advantages import group_advantage


def advantages(*rewards, **options):
    return group_advantage(rewards, group_size=len(rewards), **options)[0].tolist()


def test_a_gap_leaves_mean_and_deviation_alone_and_gets_no_gradient():
    # scored 1, 0, 1: mean 2/3, s = sqrt((1/9 + 4/9 + 1/9) / 2) = .57735
    advantage, scored = group_advantage([1.0, None, 0.0, 1.0], group_size=4)
    assert advantage.tolist() == pytest.approx([0.57735, 0.0, -1.154701, 0.57735], abs=1e-6)
    assert scored.tolist() == [True, False, True, True]


def test_sample_deviation_by_hand():
    # 0, -1, .5: mean -1/6, squares 1/36 + 25/36 + 16/36 = 42/36, s = sqrt(21/36) = .763763
    assert advantages(0.0, -1.0, 0.5, None) == pytest.approx([0.218218, -1.091089, 0.872872, 0.0], abs=1e-6)
    assert advantages(0.25, 0.75, 0.5, 0.5) == pytest.approx([-1.224745, 1.224745, 0.0, 0.0], abs=1e-6)


@pytest.mark.parametrize(
    "rewards",
    [(-1.0, None, None, -1.0), (None, None, None, None), (None, None, None, 1.0), (0.1, 0.1, 0.1, 0.1)],
)
def test_a_group_without_signal_gives_zeros(rewards):
    assert advantages(*rewards) == [0.0] * 4
    assert advantages(*rewards, floor=0.0) == [0.0] * 4


def test_the_floor_keeps_noise_small():
    # s = .0141 lies under the floor: .01 / .05
    assert advantages(0.51, 0.49) == pytest.approx([0.2, -0.2], abs=1e-5)


def test_groups_do_not_see_each_other():
    alone = group_advantage([1.0, 0.0], group_size=2)[0].tolist()
    both = group_advantage([1.0, 0.0, 5.0, 5.0], group_size=2)[0].tolist()
    assert both == pytest.approx([*alone, 0.0, 0.0])


def test_equal_weight_only_centres():
    assert advantages(1.0, 0.0, None, weight="equal") == pytest.approx([0.5, -0.5, 0.0])


def test_the_clip_filter_shares_out_the_weight_of_silent_groups_up_to_its_cap():
    # one of two groups speaks: factor 2; one of four: factor 3 instead of 4
    two = group_advantage([1.0, 0.0] + [0.5] * 2, group_size=2, weight="clip_filter")[0].tolist()
    four = group_advantage([1.0, 0.0] + [0.5] * 6, group_size=2, weight="clip_filter")[0].tolist()
    assert two[:2] == pytest.approx([1.0, -1.0])
    assert four[:2] == pytest.approx([1.5, -1.5])


def test_half_a_group_and_an_infinite_reward_are_errors():
    with pytest.raises(ValueError, match="groups of 4"):
        group_advantage([1.0] * 6, group_size=4)
    with pytest.raises(ValueError, match="infinite"):
        group_advantage([1.0, float("inf")], group_size=2)


@given(st.lists(st.one_of(st.none(), st.floats(-10, 10, width=32)), min_size=4, max_size=4))
def test_scored_advantages_sum_to_nothing_and_are_always_numbers(rewards):
    advantage, scored = group_advantage(rewards, group_size=4)
    assert torch.isfinite(advantage).all()
    assert advantage.sum().item() == pytest.approx(0, abs=1e-3)
    assert [bool(s) for s in scored] == [r is not None for r in rewards]
    assert all(a == 0 for a, r in zip(advantage.tolist(), rewards, strict=True) if r is None)
