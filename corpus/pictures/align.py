"""Small pictures laid over one another: where a cut-off picture lies in the whole one, and how far both then differ.

A cut from a picture, stretched to the same square, is the picture under a scale and a shift along each axis. The four
numbers are found by least squares from a guess, and both are hashed over what they share.

Axes: N pictures, P pairs, S side of a small picture. A window is (left, top, right, bottom) in shares of a side.

Source: Baker, Matthews 2004, Lucas-Kanade 20 years on, the forward additive algorithm.
"""

import numba
import numpy as np

from corpus.pictures.hashing import SIDE, distances, hashes

GRID = 24  # points along a side that are compared while the fit is sought
COARSE, FINE = 8, 8  # rounds on smoothed pictures, then on the pictures
STILL = 0.001  # of a side: a move below it ends the rounds
SHARED = 0.7  # of each side of both that has to be shared
_PAIRS = 8192  # at a time


def aligned(small_NSS: np.ndarray, cut_P: np.ndarray, whole_P: np.ndarray, window_P4: np.ndarray) -> np.ndarray:
    """Distance of the hashes of what two pictures share, 0 to 256; 256 where they share too little.

    Args:
        small_NSS: Grey values.
        cut_P: Numbers of the pictures whose window is guessed to be all of another one.
        whole_P: Numbers of the others.
        window_P4: The guesses.
    """
    smooth_NSS = _BLUR_SS @ small_NSS.astype(np.float32) @ _BLUR_SS.T
    soft_NSS = _SOFT_SS @ smooth_NSS @ _SOFT_SS.T
    found = [np.zeros(0, np.int64)]
    for at in range(0, len(cut_P), _PAIRS):
        cut, whole = cut_P[at : at + _PAIRS], whole_P[at : at + _PAIRS]
        fit_P4 = _fit(soft_NSS, cut, whole, window_P4[at : at + _PAIRS].astype(np.float64), COARSE)
        fit_P4 = _fit(smooth_NSS, cut, whole, fit_P4, FINE)
        shared_PSS, other_PSS, enough_P = _shared(small_NSS, cut, whole, fit_P4)
        found.append(np.where(enough_P, distances(hashes(shared_PSS), hashes(other_PSS)), 256))
    return np.concatenate(found)


def _blur() -> np.ndarray:
    """Weights (S, S) of each value with its neighbours, 1 2 1; the edge repeats itself."""
    weight_SS = np.eye(SIDE, k=-1) + 2 * np.eye(SIDE) + np.eye(SIDE, k=1)
    weight_SS[0, 0] = weight_SS[-1, -1] = 3
    return (weight_SS / 4).astype(np.float32)


_BLUR_SS = _blur()
_SOFT_SS = _BLUR_SS @ _BLUR_SS @ _BLUR_SS


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _value(grey_SS: np.ndarray, x: float, y: float) -> float:
    """Grey value at a place in shares of a side, between the middles of four cells."""
    side = grey_SS.shape[0]
    across = min(max(x * side - 0.5, 0.0), side - 1.001)
    down = min(max(y * side - 0.5, 0.0), side - 1.001)
    column, row = int(across), int(down)
    right, below = across - column, down - row
    above = grey_SS[row, column] * (1 - right) + grey_SS[row, column + 1] * right
    under = grey_SS[row + 1, column] * (1 - right) + grey_SS[row + 1, column + 1] * right
    return above * (1 - below) + under * below


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _fit(
    grey_NSS: np.ndarray, cut_P: np.ndarray, whole_P: np.ndarray, window_P4: np.ndarray, rounds: int
) -> np.ndarray:
    """Better windows of `cut` for all of `whole`: both are brought to mean 0 and deviation 1 in every round."""
    fit_P4 = window_P4.copy()
    size = GRID * GRID
    seen, there = np.empty(size), np.empty(size)
    slope = np.empty((4, size))
    side = grey_NSS.shape[1]
    column_G, right_G, across_G = np.empty(GRID, np.int64), np.empty(GRID), np.empty(GRID)
    row_G, below_G, down_G = np.empty(GRID, np.int64), np.empty(GRID), np.empty(GRID)
    for pair in range(len(cut_P)):
        cut, whole = grey_NSS[cut_P[pair]], grey_NSS[whole_P[pair]]
        for row in range(GRID):
            for column in range(GRID):
                there[row * GRID + column] = _value(whole, (column + 0.5) / GRID, (row + 0.5) / GRID)
        there_mean, there_spread = there.mean(), there.std() + 1e-3
        for _ in range(rounds):
            left, top, right, bottom = fit_P4[pair]
            _places(left, right, side, column_G, right_G, across_G)
            _places(top, bottom, side, row_G, below_G, down_G)
            for row in range(GRID):
                upper, lower, below = cut[row_G[row]], cut[row_G[row] + 1], below_G[row]
                v = (row + 0.5) / GRID
                for column in range(GRID):
                    at, share, u = column_G[column], right_G[column], (column + 0.5) / GRID
                    point = row * GRID + column
                    first = upper[at] * (1 - below) + lower[at] * below
                    second = upper[at + 1] * (1 - below) + lower[at + 1] * below
                    above = upper[at] * (1 - share) + upper[at + 1] * share
                    under = lower[at] * (1 - share) + lower[at + 1] * share
                    seen[point] = first * (1 - share) + second * share
                    along, down = (second - first) * across_G[column], (under - above) * down_G[row]
                    slope[0, point], slope[2, point] = along * (1 - u), along * u
                    slope[1, point], slope[3, point] = down * (1 - v), down * v
            mean, spread = seen.mean(), seen.std() + 1e-3
            missing = (there - there_mean) / there_spread * spread - (seen - mean)
            for axis in range(4):
                slope[axis] -= slope[axis].mean()
            normal = slope @ slope.T
            for axis in range(4):
                normal[axis, axis] *= 1.001
                normal[axis, axis] += 1e-3
            move = np.linalg.solve(normal, slope @ missing)
            for axis in range(4):
                fit_P4[pair, axis] += min(max(move[axis], -0.05), 0.05)
            if np.abs(move).max() < STILL:
                break
    return fit_P4


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _places(first: float, last: float, side: int, cell_G: np.ndarray, share_G: np.ndarray, steep_G: np.ndarray) -> None:
    """Where points between two places lie along a side: cell, share of the next cell, cells for a side (0 outside)."""
    for point in range(GRID):
        place = (first + (point + 0.5) / GRID * (last - first)) * side - 0.5
        inside = min(max(place, 0.0), side - 1.001)
        cell_G[point] = int(inside)
        share_G[point] = inside - int(inside)
        steep_G[point] = side if inside == place else 0


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _shared(
    grey_NSS: np.ndarray, cut_P: np.ndarray, whole_P: np.ndarray, fit_P4: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What both show, from the one and from the other, and whether it is enough of either."""
    side = grey_NSS.shape[1]  # not the constant: what is compiled would keep its old value
    ours = np.zeros((len(cut_P), side, side), np.float32)
    theirs = np.zeros((len(cut_P), side, side), np.float32)
    enough = np.zeros(len(cut_P), np.bool_)
    for pair in range(len(cut_P)):
        left, top, right, bottom = fit_P4[pair]
        width, height = right - left, bottom - top
        if width < SHARED or height < SHARED:
            continue
        # The window may reach beyond the cut picture: then only a part of the whole one is shared.
        from_u, to_u = max(0.0, -left / width), min(1.0, (1 - left) / width)
        from_v, to_v = max(0.0, -top / height), min(1.0, (1 - top) / height)
        if min(to_u - from_u, to_v - from_v) < SHARED:
            continue
        if (to_u - from_u) * width < SHARED or (to_v - from_v) * height < SHARED:
            continue
        enough[pair] = True
        for row in range(side):
            v = from_v + (row + 0.5) / side * (to_v - from_v)
            for column in range(side):
                u = from_u + (column + 0.5) / side * (to_u - from_u)
                ours[pair, row, column] = _value(grey_NSS[cut_P[pair]], left + u * width, top + v * height)
                theirs[pair, row, column] = _value(grey_NSS[whole_P[pair]], u, v)
    return ours, theirs, enough
