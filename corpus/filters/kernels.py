"""Loops over the bytes of a whole column, compiled: what no expression of polars says.

Imported where it is used and not before: numba takes half a second to open.
"""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

Array = npt.NDArray[Any]

BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no window loses a bit
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def code_points(text: pl.Series) -> tuple[Array, Array]:
    """Code points of a column, one row after the other, and where each row begins (one more entry than rows).

    Null counts as empty.
    """
    column = text.fill_null("")
    starts = np.zeros(len(column) + 1, dtype=np.int64)
    np.cumsum(column.str.len_chars().to_numpy(), out=starts[1:])
    packed = column.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, _, data = packed.buffers()
    if data is None:
        return np.zeros(0, dtype=np.uint32), starts
    offsets = np.frombuffer(packed.buffers()[1], dtype=np.int64)[packed.offset : packed.offset + len(packed) + 1]
    return _decode(np.frombuffer(data, dtype=np.uint8)[offsets[0] : offsets[-1]], starts[-1]), starts


@numba.njit(cache=True)
def _decode(data: Array, chars: int) -> Array:
    out = np.empty(chars, dtype=np.uint32)
    at = 0
    for i in range(chars):
        first = np.uint32(data[at])
        if first < 0x80:
            out[i] = first
            at += 1
        elif first < 0xE0:
            out[i] = (first & 0x1F) << 6 | np.uint32(data[at + 1] & 0x3F)
            at += 2
        elif first < 0xF0:
            out[i] = (first & 0x0F) << 12 | np.uint32(data[at + 1] & 0x3F) << 6 | np.uint32(data[at + 2] & 0x3F)
            at += 3
        else:
            out[i] = (
                (first & 0x07) << 18
                | np.uint32(data[at + 1] & 0x3F) << 12
                | np.uint32(data[at + 2] & 0x3F) << 6
                | np.uint32(data[at + 3] & 0x3F)
            )
            at += 4
    return out


@numba.njit(cache=True)
def distinct_windows(points: Array, starts: Array, size: int, least: int) -> Array:
    """Number of different windows of `size` code points in each row, -1 for a row of fewer than `least`.

    Windows are told apart by a 64-bit hash; among a million of them two collide with a chance of 3e-8.
    """
    rows = len(starts) - 1
    found = np.full(rows, -1, dtype=np.int64)
    slots = np.zeros(16, dtype=np.uint64)
    owner = np.zeros(16, dtype=np.int64)  # the row that filled a slot, so that no row has to empty the table
    last = np.uint64(1)
    for _ in range(size):
        last *= BASE
    for row in range(rows):
        start, end = starts[row], starts[row + 1]
        if end - start < least or end - start < size:
            continue
        room = 16
        while room < 2 * (end - start):
            room *= 2
        if room > len(slots):
            slots = np.zeros(room, dtype=np.uint64)
            owner = np.zeros(room, dtype=np.int64)
        mask = np.uint64(room - 1)
        rolling = np.uint64(0)
        count = 0
        for i in range(start, end):
            rolling = rolling * BASE + np.uint64(points[i]) + np.uint64(1)
            if i >= start + size:
                rolling -= last * (np.uint64(points[i - size]) + np.uint64(1))
            if i < start + size - 1:
                continue
            mixed = (rolling ^ (rolling >> np.uint64(30))) * FIRST
            mixed = (mixed ^ (mixed >> np.uint64(27))) * SECOND
            slot = (mixed ^ (mixed >> np.uint64(31))) & mask
            while owner[slot] == row + 1 and slots[slot] != rolling:
                slot = (slot + np.uint64(1)) & mask
            if owner[slot] != row + 1:
                owner[slot] = row + 1
                slots[slot] = rolling
                count += 1
        found[row] = count
    return found
