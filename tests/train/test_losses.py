"""CPGD against numbers and gradients worked by hand."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.losses import cpgd_loss, trust_region


def loss_and_gradient(logp, old, advantage, **options):
    logp = torch.tensor([logp], dtype=torch.float64, requires_grad=True)
    old = torch.tensor([old], dtype=torch.float64)
    loss = cpgd_loss(logp, old, torch.tensor([advantage], dtype=torch.float64), torch.ones_like(logp), **options)
    loss.backward()
    return loss.item(), logp.grad[0].tolist()


def test_inside_the_trust_region_a_token_pushes_with_minus_its_advantage():
    loss, gradient = loss_and_gradient([-1.0, -2.0], [-1.1, -1.9], 0.5, drift=0.0)
    assert loss == pytest.approx(0.5 * (1.0 + 2.0) / 2)
    assert gradient == pytest.approx([-0.25, -0.25])


def test_beyond_the_trust_region_an_improving_token_stops_pushing():
    # ratios e^.3 and e^-.3 lie outside [0.8, 1.2]
    assert loss_and_gradient([-1.0], [-1.3], +1.0, drift=0.0)[1] == [0.0]
    assert loss_and_gradient([-1.3], [-1.0], -1.0, drift=0.0)[1] == [0.0]
    # but a token that got worse may come back
    assert loss_and_gradient([-1.3], [-1.0], +1.0, drift=0.0)[1] == pytest.approx([-1.0])


def test_drift_gradient_is_the_clipped_ratio_minus_one():
    assert loss_and_gradient([-1.0], [-1.0 - math.log(2)], 0.0, drift=1.0)[1] == pytest.approx([1.0])
    assert loss_and_gradient([-1.0], [-1.0 - math.log(9)], 0.0, drift=1.0)[1] == pytest.approx([2.0])


def test_drift_gradient_is_that_of_the_divergence_from_the_old_policy():
    # over all tokens of a small vocabulary, weighted with the old probabilities, no clip
    torch.manual_seed(0)
    old = torch.randn(7, dtype=torch.float64).log_softmax(0)
    logits = torch.randn(7, dtype=torch.float64, requires_grad=True)
    new = logits.log_softmax(0)
    exact = torch.autograd.grad((old.exp() * (old - new)).sum(), logits, retain_graph=True)[0]
    per_token = sum(
        p * cpgd_loss(n.view(1, 1), o.view(1, 1), torch.zeros(1), torch.ones(1, 1), drift=1.0, drift_clip=1e9)
        for p, n, o in zip(old.exp(), new, old, strict=True)
    )
    assert torch.allclose(torch.autograd.grad(per_token, logits)[0], exact)


@given(
    st.floats(-20, 0),
    st.floats(-20, 0),
    st.floats(-3, 3),
)
def test_where_the_min_form_of_the_paper_and_ours_differ_by_nothing(logp, old, advantage):
    # phi = min(ln r * A, clip(ln r) * A); ours drops the constant old * A
    x = torch.tensor([[logp]], dtype=torch.float64, requires_grad=True)
    ratio = x - old
    phi = torch.minimum(ratio * advantage, ratio.clamp(math.log(0.8), math.log(1.2)) * advantage)
    expected = -(phi + old * advantage).item()
    ours = cpgd_loss(
        x, torch.full_like(x, old), torch.tensor([advantage], dtype=torch.float64), torch.ones(1, 1), drift=0
    )
    assert ours.item() == pytest.approx(expected, abs=1e-9)


def test_padding_weighs_nothing():
    logp = torch.tensor([[-1.0, -50.0]], requires_grad=True)
    mask = torch.tensor([[1.0, 0.0]])
    loss = cpgd_loss(logp, logp.detach(), torch.tensor([1.0]), mask)
    loss.backward()
    assert loss.item() == pytest.approx(1.0)
    assert logp.grad[0, 1] == 0


def test_a_batch_that_nothing_scored_gives_zero():
    logp = torch.tensor([[-1.0]], requires_grad=True)
    loss = cpgd_loss(logp, logp.detach(), torch.tensor([0.0]), torch.zeros(1, 1))
    loss.backward()
    assert loss.item() == 0 and logp.grad.item() == 0


def test_drift_and_clip_share_by_hand():
    # ratios 2, 1, 1/2 with A = 1: only the first is clipped; k3 = r - 1 - ln r = 1 - ln 2, 0, ln 2 - 1/2
    logp = torch.tensor([[-1.0, -1.0, -1.0]])
    old = logp - torch.tensor([[math.log(2), 0.0, -math.log(2)]])
    region = trust_region(logp, old, torch.tensor([1.0]), torch.ones(1, 3))
    assert region.clipped == pytest.approx(1 / 3)
    assert region.drift == pytest.approx(0.5 / 3, abs=1e-6)
    # with A = -1 only the last is clipped, with A = 0 none is
    assert trust_region(logp, old, torch.tensor([-1.0]), torch.ones(1, 3)).clipped == pytest.approx(1 / 3)
    assert trust_region(logp, old, torch.tensor([0.0]), torch.ones(1, 3)).clipped == 0
