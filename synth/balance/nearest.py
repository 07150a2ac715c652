"""How new a row is: how far it lies from what is there, in either language.

Axis suffixes: N new rows, M rows that are there, D dimensions.
"""

import numpy as np

BLOCK = 1024  # rows compared at a time


def novelty(new_ND: np.ndarray, existing_MD: np.ndarray | None = None) -> np.ndarray:
    """1 - the largest cosine to any row that is there, or that stands before in `new_ND`.

    So of two new rows that say the same only the second is not new. Exact: N (M + N/2) D multiplications and, for a
    block, M numbers a row in memory; 10,000 against 200,000 rows of 384 dimensions are 0.8 TFLOP.

    Args:
        new_ND: Unit vectors.
        existing_MD: Unit vectors of what is there.

    Returns:
        (N,), 0 for a copy to 2 for the opposite; nan where there is nothing to compare with.
    """
    found_N = np.full(len(new_ND), -np.inf, dtype=np.float32)
    for start in range(0, len(new_ND), BLOCK):
        block = new_ND[start : start + BLOCK]
        for there in (existing_MD, new_ND[:start]):
            for at in range(0, 0 if there is None else len(there), BLOCK):
                cosine = block @ there[at : at + BLOCK].T  # type: ignore[index]
                np.maximum(found_N[start : start + BLOCK], cosine.max(1), out=found_N[start : start + BLOCK])
        inside = np.where(np.tri(len(block), k=-1, dtype=bool), block @ block.T, -np.inf)
        np.maximum(found_N[start : start + BLOCK], inside.max(1), out=found_N[start : start + BLOCK])
    return np.where(np.isfinite(found_N), np.clip(1 - found_N, 0, 2), np.nan)
