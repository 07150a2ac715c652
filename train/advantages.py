"""Advantages: how much better a completion is than the others of its prompt.

Axis suffixes: N completions, G groups (prompts), K completions of a group.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from train.config import Weight


def group_advantage(
    reward_N: Sequence[float | None] | Tensor,
    *,
    group_size: int,
    weight: Weight = "std",
    floor: float = 0.05,
    filter_cap: float = 3.0,
) -> tuple[Tensor, Tensor]:
    """Centre the rewards of each prompt's completions, and weigh the prompts against each other.

    A completion that was not scored takes part in nothing: not in the mean, not in the deviation, and it gets no
    gradient. A group with fewer than two scored completions, or with equal rewards, says nothing either.

    Args:
        reward_N: One reward per completion, group after group; None or NaN where nothing scored it.
        group_size: K, the completions of each prompt.
        weight: `std` divides a group by its sample standard deviation (over K - 1), `equal` leaves it as it is,
            `clip_filter` scales all groups up by the share of groups that carry a signal.
        floor: Least deviation that `std` divides by, so that noise in near-equal rewards is not blown up.
        filter_cap: Largest factor that `clip_filter` uses.

    Returns:
        advantage_N as float32, 0 where not scored, and scored_N as bool.

    Raises:
        ValueError: If the completions do not fill whole groups, or a reward is infinite.

    Source:
        Liu et al. 2025, arXiv 2505.12504 (CPGD): the weights of the practical loss.
    """
    if not isinstance(reward_N, Tensor):
        reward_N = torch.tensor([float("nan") if reward is None else float(reward) for reward in reward_N])
    if group_size < 1 or len(reward_N) % group_size:
        raise ValueError(f"{len(reward_N)} rewards do not fill groups of {group_size}")
    if torch.isinf(reward_N).any():
        raise ValueError("a reward is infinite; rewards are finite numbers, or None where nothing scored")
    reward_GK = reward_N.float().view(-1, group_size)
    scored_GK = ~torch.isnan(reward_GK)
    known_GK = torch.where(scored_GK, reward_GK, 0)
    count_G1 = scored_GK.sum(1, keepdim=True)
    mean_G1 = known_GK.sum(1, keepdim=True) / count_G1.clamp(min=1)
    centred_GK = torch.where(scored_GK & (count_G1 > 1), known_GK - mean_G1, 0)
    # Equal rewards may differ from their own mean by a rounding error.
    equal_G1 = torch.where(scored_GK, reward_GK, -torch.inf).amax(1, keepdim=True) == torch.where(
        scored_GK, reward_GK, torch.inf
    ).amin(1, keepdim=True)
    centred_GK = torch.where(equal_G1, 0, centred_GK)
    if weight == "std":
        std_G1 = (centred_GK.square().sum(1, keepdim=True) / (count_G1 - 1).clamp(min=1)).sqrt()
        centred_GK = torch.where(std_G1 > 0, centred_GK / std_G1.clamp(min=floor), 0)
    elif weight == "clip_filter":
        signal = (centred_GK != 0).any(1).sum().item()
        centred_GK = centred_GK * min(len(centred_GK) / max(signal, 1), filter_cap)
    return centred_GK.flatten(), scored_GK.flatten()
