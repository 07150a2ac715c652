"""Policy losses as pure functions of tensors, so that every engine can use the same one.

Axis suffixes: B sequences in the batch, T tokens of the response.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor


def cpgd_loss(
    logp_BT: Tensor,
    old_logp_BT: Tensor,
    advantage_B: Tensor,
    mask_BT: Tensor,
    *,
    epsilon: float = 0.2,
    drift: float = 1e-3,
    drift_clip: float = 2.0,
) -> Tensor:
    """Clipped policy gradient with policy drift, averaged over response tokens.

    Unlike PPO, the ratio never multiplies the gradient: a token pushes with -A inside the trust region and
    not at all beyond it. The drift term pulls back towards the policy that sampled the batch.

    Args:
        logp_BT: Log-probabilities of the sampled tokens under the policy being trained, in nats.
        old_logp_BT: The same under the policy that sampled them; no gradient flows into it.
        advantage_B: One advantage per sequence.
        mask_BT: 1 on response tokens, 0 on padding and on sequences that nothing scored.
        epsilon: Half-width of the trust region on the ratio, above 0 and below 1.
        drift: Weight of the drift term.
        drift_clip: Largest ratio - 1 that the drift gradient uses.

    Returns:
        Scalar loss to minimise; 0 where no token counts.

    Source:
        Liu et al. 2025, arXiv 2505.12504 (CPGD): the clipped objective and the clipped k3 drift gradient.
    """
    old_logp_BT = old_logp_BT.detach()
    advantage_B1 = advantage_B.unsqueeze(-1)
    upper_BT = torch.minimum(logp_BT, old_logp_BT + math.log1p(epsilon))
    lower_BT = torch.maximum(logp_BT, old_logp_BT + math.log1p(-epsilon))
    policy_BT = -advantage_B1 * torch.where(advantage_B1 > 0, upper_BT, lower_BT)
    drift_BT = torch.clamp(torch.exp(logp_BT.detach() - old_logp_BT) - 1, max=drift_clip) * logp_BT
    return _mean(policy_BT + drift * drift_BT, mask_BT)


class TrustRegion(NamedTuple):
    """How far the policy has moved from the one that sampled the batch."""

    drift: float  # k3 estimate of KL(old || new), nats per token
    clipped: float  # share of tokens that no longer push, 0 to 1


@torch.no_grad()
def trust_region(
    logp_BT: Tensor, old_logp_BT: Tensor, advantage_B: Tensor, mask_BT: Tensor, *, epsilon: float = 0.2
) -> TrustRegion:
    """Measure drift and clipping with the arguments of `cpgd_loss`.

    Source:
        Liu et al. 2025, arXiv 2505.12504 (CPGD); k3 as in Schulman 2020, "Approximating KL divergence".
    """
    log_ratio_BT = logp_BT - old_logp_BT
    advantage_B1 = advantage_B.unsqueeze(-1)
    above_BT = (advantage_B1 > 0) & (log_ratio_BT > math.log1p(epsilon))
    below_BT = (advantage_B1 < 0) & (log_ratio_BT < math.log1p(-epsilon))
    k3_BT = torch.expm1(log_ratio_BT) - log_ratio_BT
    return TrustRegion(_mean(k3_BT, mask_BT).item(), _mean((above_BT | below_BT).to(logp_BT.dtype), mask_BT).item())


def _mean(value_BT: Tensor, mask_BT: Tensor) -> Tensor:
    return (value_BT * mask_BT).sum() / mask_BT.sum().clamp(min=1)
