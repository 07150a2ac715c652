"""Which numbers hang together through pairs: union-find on whole arrays."""

import numpy as np


def join(root_N: np.ndarray, left_E: np.ndarray, right_E: np.ndarray) -> np.ndarray:
    """Join the components that each pair connects.

    Axes: N numbers, E pairs.

    Args:
        root_N: Smallest number of each number's component so far; `np.arange(N)` to begin with.
        left_E: One end of each pair.
        right_E: The other end.

    Returns:
        New roots: two numbers have the same root exactly if a chain of pairs connects them. The order of the pairs
        makes no difference.
    """
    while True:
        left_root_E, right_root_E = root_N[left_E], root_N[right_E]
        if (left_root_E == right_root_E).all():
            return root_N
        root_N = root_N.copy()
        np.minimum.at(root_N, np.maximum(left_root_E, right_root_E), np.minimum(left_root_E, right_root_E))
        while (root_N[root_N] != root_N).any():
            root_N = root_N[root_N]
