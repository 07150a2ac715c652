"""Small grey copies of a picture: of the whole, and of what lies inside even borders.

Each value is the mean of what a cell covers, in shares of pixels at its rim: a picture of any size is cut into the same
cells.

Axes: H, W pixels, S side of the small copy. A box is (left, top, right, bottom) in pixels.
"""

import numba
import numpy as np

EVEN = 12  # grey levels that a border may vary by: JPEG leaves some
BORDERS = 3  # one inside the other
LEAST = 0.35  # of each side that has to stay when a border is taken off: a page may have wide margins inside its frame


def small_copies(rgb_HW3: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Small grey copies (S, S) of the whole picture, and of what lies inside even borders; one where there are none."""
    height, width, _ = rgb_HW3.shape
    whole = (0, 0, width, height)
    whole_SS = _shrunk(rgb_HW3, *whole, side)
    box = inside(rgb_HW3)
    return whole_SS, whole_SS if box == whole else _shrunk(rgb_HW3, *box, side)


def inside(rgb_HW3: np.ndarray) -> tuple[int, int, int, int]:
    """The box that is left when even borders are taken off, one inside the other.

    The next border stays where too little would be left without it.
    """
    height, width, _ = rgb_HW3.shape
    box = (0, 0, width, height)
    for _ in range(BORDERS):
        left, top, right, bottom = box
        across = rgb_HW3[top:bottom, left:right]
        down = across.transpose(1, 0, 2)
        rest = left + _even(down), top + _even(across), right - _even(down[::-1]), bottom - _even(across[::-1])
        if rest == box or rest[2] - rest[0] < LEAST * width or rest[3] - rest[1] < LEAST * height:
            break
        box = rest
    return box


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _even(lines: np.ndarray) -> int:
    """How many lines at the beginning are of one grey, that of the first; the first that is not is the last seen."""
    first_low, first_high = 255, 0
    for line in range(lines.shape[0]):
        low, high = first_low, first_high
        for place in range(lines.shape[1]):
            red, green, blue = lines[line, place, 0], lines[line, place, 1], lines[line, place, 2]
            grey = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16  # 0.299, 0.587 and 0.114
            low, high = min(low, grey), max(high, grey)
            if high - low > EVEN:
                return line
        if line == 0:
            first_low, first_high = low, high
    return lines.shape[0]


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _shrunk(rgb_HW3: np.ndarray, left: int, top: int, right: int, bottom: int, side: int) -> np.ndarray:
    """Means of the cells of a box: rows of a cell are added up first, which a processor does many columns at a time."""
    width, height = right - left, bottom - top
    row_3W = rgb_HW3.reshape(rgb_HW3.shape[0], -1)
    sum_3W = np.empty(3 * width, np.float32)
    grey_W = np.empty(width, np.float32)
    small_SS = np.empty((side, side), np.uint8)
    for down in range(side):
        first, last = down * height / side, (down + 1) * height / side
        sum_3W[:] = 0
        for row in range(int(first), min(int(np.ceil(last)), height)):
            share = np.float32(min(row + 1, last) - max(row, first))
            values = row_3W[top + row, 3 * left : 3 * right]
            for place in range(3 * width):
                sum_3W[place] += share * np.float32(values[place])
        for column in range(width):
            red, green, blue = sum_3W[3 * column], sum_3W[3 * column + 1], sum_3W[3 * column + 2]
            grey_W[column] = np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue
        for across in range(side):
            begin, end = across * width / side, (across + 1) * width / side
            total = 0.0
            for column in range(int(begin), min(int(np.ceil(end)), width)):
                total += (min(column + 1, end) - max(column, begin)) * grey_W[column]
            small_SS[down, across] = int(total * side * side / (width * height) + 0.5)
    return small_SS
