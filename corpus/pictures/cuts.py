"""Small cuts that people make, and the hash that a picture would have after each of them.

Axes: N pictures, W windows, S side of a small picture.
"""

import numpy as np

from corpus.pictures.hashing import BASIS_FS, SIDE, signs


def _windows() -> list[tuple[float, float, float, float]]:
    """All of it; 5% and 10% off each axis, from both sides alike or from one; 6% off both sides of a corner."""
    found = [(0.0, 0.0, 1.0, 1.0)]
    for off in (0.05, 0.1):
        found.append((off / 2, off / 2, 1 - off / 2, 1 - off / 2))
        found += [(off, 0, 1, 1), (0, off, 1, 1), (0, 0, 1 - off, 1), (0, 0, 1, 1 - off)]
    off = 0.06
    found += [(off, off, 1, 1), (off, 0, 1, 1 - off), (0, off, 1 - off, 1), (0, 0, 1 - off, 1 - off)]
    return found


WINDOWS = _windows()  # left, top, right and bottom in shares of a side
WINDOWS_W4 = np.array(WINDOWS)


def cut_hashes(small_NSS: np.ndarray) -> np.ndarray:
    """Hashes of every picture under every window, (W, N, 32): cut, stretched and turned to waves by two products."""
    grey_NSS = small_NSS.astype(np.float32)
    found = []
    down = {ends: BASIS_FS @ _stretch(*ends) @ grey_NSS for ends in {(top, bottom) for _, top, _, bottom in WINDOWS}}
    for left, top, right, bottom in WINDOWS:
        found.append(signs(down[top, bottom] @ (BASIS_FS @ _stretch(left, right)).T))
    return np.stack(found)


def _stretch(first: float, last: float) -> np.ndarray:
    """Weights (S, S) that take S cells to S cells of the part between two places, linearly between their middles."""
    place_S = (first + (np.arange(SIDE) + 0.5) / SIDE * (last - first)) * SIDE - 0.5
    place_S = place_S.clip(0, SIDE - 1)
    cell_S = np.minimum(place_S.astype(np.int64), SIDE - 2)
    weight_SS = np.zeros((SIDE, SIDE), np.float32)
    weight_SS[np.arange(SIDE), cell_S] = 1 - (place_S - cell_S)
    weight_SS[np.arange(SIDE), cell_S + 1] = place_S - cell_S
    return weight_SS
