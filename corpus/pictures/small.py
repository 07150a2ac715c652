"""Small grey copies of a picture: of the whole, and of what lies inside even borders.

Each value is the mean of what a cell covers, in shares of pixels at its rim: a picture of any size is cut into the same
cells.

Axes: H, W pixels, S side of the small copy. A box is (left, top, right, bottom) in pixels. Grey is of 0 to 65,280, 256
of them a level.
"""

import numba
import numpy as np

EVEN = 12  # grey levels that a border may vary by: JPEG leaves some
BORDERS = 3  # one inside the other
_BYTE = np.uint32(255)
LEAST = 0.35  # of each side that has to stay when a border is taken off: a page may have wide margins inside its frame


def small_copies(words_HW: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Small grey copies (S, S) of the whole picture, and of what lies inside even borders; one where there are none.

    Args:
        words_HW: Pixels as `corpus.pictures.pixels.words` gives them.
        side: S.
    """
    grey_HW = _grey(words_HW)
    height, width = grey_HW.shape
    whole = (0, 0, width, height)
    whole_SS = _shrunk(grey_HW, *whole, side)
    box = inside(grey_HW)
    return whole_SS, whole_SS if box == whole else _shrunk(grey_HW, *box, side)


def inside(grey_HW: np.ndarray) -> tuple[int, int, int, int]:
    """The box that is left when even borders are taken off, one inside the other.

    The next border stays where too little would be left without it.
    """
    height, width = grey_HW.shape
    box = (0, 0, width, height)
    for _ in range(BORDERS):
        left, top, right, bottom = box
        across = grey_HW[top:bottom, left:right]
        rest = left + _even(across.T), top + _even(across), right - _even(across.T[::-1]), bottom - _even(across[::-1])
        if rest == box or rest[2] - rest[0] < LEAST * width or rest[3] - rest[1] < LEAST * height:
            break
        box = rest
    return box


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _grey(words_HW: np.ndarray) -> np.ndarray:
    grey_HW = np.empty(words_HW.shape, np.uint16)
    for row in range(words_HW.shape[0]):
        for column in range(words_HW.shape[1]):
            word = words_HW[row, column]
            red, green, blue = word & _BYTE, (word >> np.uint32(8)) & _BYTE, (word >> np.uint32(16)) & _BYTE
            grey_HW[row, column] = np.uint32(19595 * red + 38470 * green + 7471 * blue) >> np.uint32(8)
    return grey_HW  # 0.299, 0.587 and 0.114


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _even(lines: np.ndarray) -> int:
    """How many lines at the beginning are of one grey, that of the first; the first that is not is the last seen."""
    first_low, first_high = 255, 0
    for line in range(lines.shape[0]):
        low, high = first_low, first_high
        for place in range(lines.shape[1]):
            level = (lines[line, place] + 128) >> 8
            low, high = min(low, level), max(high, level)
            if high - low > EVEN:
                return line
        if line == 0:
            first_low, first_high = low, high
    return lines.shape[0]


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _shrunk(grey_HW: np.ndarray, left: int, top: int, right: int, bottom: int, side: int) -> np.ndarray:
    """Means of the cells of a box: rows of a cell are added up first, which a processor does many columns at a time."""
    width, height = right - left, bottom - top
    sum_W = np.empty(width, np.float32)
    small_SS = np.empty((side, side), np.uint8)
    for down in range(side):
        first, last = down * height / side, (down + 1) * height / side
        sum_W[:] = 0
        for row in range(int(first), min(int(np.ceil(last)), height)):
            share = np.float32(min(row + 1, last) - max(row, first))
            values = grey_HW[top + row, left:right]
            for column in range(width):
                sum_W[column] += share * np.float32(values[column])
        for across in range(side):
            begin, end = across * width / side, (across + 1) * width / side
            total = 0.0
            for column in range(int(begin), min(int(np.ceil(end)), width)):
                total += (min(column + 1, end) - max(column, begin)) * sum_W[column]
            small_SS[down, across] = int(total * side * side / (256 * width * height) + 0.5)
    return small_SS
