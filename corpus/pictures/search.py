"""All pairs of hashes within a Hamming radius, exactly, by multi-index hashing.

A hash is cut into 16 parts of 16 bits. Two hashes that differ in at most r bits differ in at most r // 16 bits of one
part at least, so only those that agree so far in a part are compared.

Axes: Q queries, N hashes that are searched, C parts, K values of a part, M masks of a part.

Source: Norouzi, Punjani, Fleet 2012, Fast search in Hamming space with multi-index hashing.
"""

from itertools import combinations

import numba
import numpy as np

PARTS = 16
BITS = 16
FARTHEST = 4 * PARTS - 1  # beyond it, more masks are tried than there are hashes

# Frequencies that lie side by side change together, and many pictures share the lowest: every part has some of each.
_MIXED = np.random.default_rng(0).permutation(PARTS * BITS)


def within(
    query_Q32: np.ndarray, hash_N32: np.ndarray, radius: int, *, apart: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every pair of a query and a hash that differ in at most `radius` bits.

    Args:
        query_Q32: Bytes of the queries.
        hash_N32: Bytes of the hashes.
        radius: 0 to `FARTHEST`; included.
        apart: Bits by which a part may differ, fewer than the radius asks for: much faster, and pairs are missed. With
            1 these are 1 in 200 at a distance of 40, and 1 in 40 at 47, where bits differ at random.

    Returns:
        Number of the query, number of the hash, and distance, sorted.

    Raises:
        ValueError: If the radius is out of range.
    """
    if not 0 <= radius <= FARTHEST:
        raise ValueError(f"a search reaches 0 to {FARTHEST} bits of 256, not {radius}")
    most = radius // PARTS if apart is None else apart
    query_QC, hash_NC = _parts(query_Q32), _parts(hash_N32)
    found = [np.zeros((3, 0), np.int64)]
    for part in range(PARTS):
        order_N = np.argsort(hash_NC[:, part], kind="stable")
        start_K = np.concatenate([[0], np.bincount(hash_NC[:, part], minlength=2**BITS).cumsum()])
        found.append(_scan(query_QC, hash_NC, part, order_N, start_K, _masks(most), most, radius))
    query, other, distance = np.concatenate(found, axis=1)
    order = np.lexsort((other, query))
    return query[order], other[order], distance[order]


def _parts(bytes_N32: np.ndarray) -> np.ndarray:
    mixed = np.unpackbits(bytes_N32, axis=1)[:, _MIXED]
    return np.ascontiguousarray(np.packbits(mixed, axis=1)).view(np.uint16)


def _masks(most: int) -> np.ndarray:
    chosen = [bits for count in range(most + 1) for bits in combinations(range(BITS), count)]
    return np.array([sum(1 << bit for bit in bits) for bits in chosen], np.uint16)


@numba.njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def _ones(word: np.uint64) -> np.uint64:
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _scan(
    query_QC: np.ndarray,
    hash_NC: np.ndarray,
    part: int,
    order_N: np.ndarray,
    start_K: np.ndarray,
    mask_M: np.ndarray,
    most: int,
    radius: int,
) -> np.ndarray:
    found = np.empty((3, 1024), np.int64)
    count = 0
    query_Q4, hash_N4 = query_QC.view(np.uint64), hash_NC.view(np.uint64)
    for query in range(len(query_QC)):
        for mask in mask_M:
            bucket = query_QC[query, part] ^ mask
            for place in range(start_K[bucket], start_K[bucket + 1]):
                other = order_N[place]
                distance = np.uint64(0)
                for word in range(4):
                    distance += _ones(query_Q4[query, word] ^ hash_N4[other, word])
                if distance > radius:
                    continue
                # A pair can meet in several parts: the first of them tells of it.
                told = False
                for earlier in range(part):
                    if _ones(np.uint64(query_QC[query, earlier] ^ hash_NC[other, earlier])) <= most:
                        told = True
                if told:
                    continue
                if count == found.shape[1]:
                    more = np.empty((3, 2 * count), np.int64)
                    more[:, :count] = found
                    found = more
                found[0, count], found[1, count], found[2, count] = query, other, distance
                count += 1
    return found[:, :count]
