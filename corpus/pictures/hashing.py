"""A perceptual hash of 256 bits: signs of the lowest 16 x 16 frequencies of a small grey picture.

Axes: N pictures, S side of the small picture, F frequencies along one side.
"""

import numpy as np

SIDE = 32  # of the small picture
FREQUENCIES = 16
BYTES = FREQUENCIES**2 // 8
CLEAR = 1.0  # grey levels; rounding to whole levels moves a frequency by 0.3, and faint noise leaves 0.3 to 0.5 of it

BASIS_FS = np.sqrt(2 / SIDE) * np.cos(np.pi * np.arange(FREQUENCIES)[:, None] * (np.arange(SIDE) + 0.5) / SIDE)
BASIS_FS = BASIS_FS.astype(np.float32)


def hashes(small_NSS: np.ndarray) -> np.ndarray:
    """Hashes of small grey pictures: whether each frequency is above the median of all 256, in one matrix product.

    Args:
        small_NSS: Grey values, any scale.

    Returns:
        Array (N, 32) of bytes.

    Source:
        Zauner 2010, Implementation and benchmarking of perceptual image hash functions, section 3.2.1 (the DCT hash),
        with as many bits as PDQ.
    """
    return signs(_waves(small_NSS))


def signs(waves_NFF: np.ndarray) -> np.ndarray:
    """The hash that these frequencies give."""
    return np.packbits(_above(waves_NFF) > 0, axis=1)


def informative(small_NSS: np.ndarray) -> np.ndarray:
    """Whether a hash says anything: half of its frequencies are `CLEAR` of the median that they are compared with.

    Those of a flat picture, of a smooth gradient or of even stripes are not: their bits are the noise of rounding.

    Args:
        small_NSS: Grey values of 0 to 255.
    """
    return _medians(np.abs(_above(_waves(small_NSS))))[:, 0] >= CLEAR  # type: ignore[no-any-return]


def _waves(small_NSS: np.ndarray) -> np.ndarray:
    return BASIS_FS @ small_NSS.astype(np.float32) @ BASIS_FS.T  # type: ignore[no-any-return]


def _above(waves_NFF: np.ndarray) -> np.ndarray:
    waves_NB = waves_NFF.reshape(len(waves_NFF), -1)
    return waves_NB - _medians(waves_NB)  # type: ignore[no-any-return]


def _medians(waves_NB: np.ndarray) -> np.ndarray:
    """Medians (N, 1), as `numpy.median`, which picks the middle more slowly than all of so few are sorted."""
    middle = waves_NB.shape[1] // 2
    return np.sort(waves_NB, axis=1)[:, middle - 1 : middle + 1].mean(axis=1, keepdims=True)  # type: ignore[no-any-return]


def distances(left_N32: np.ndarray, right_N32: np.ndarray) -> np.ndarray:
    """Bits in which hashes differ, 0 to 256, one by one."""
    return np.bitwise_count(left_N32 ^ right_N32).sum(axis=1, dtype=np.int64)  # type: ignore[no-any-return]
