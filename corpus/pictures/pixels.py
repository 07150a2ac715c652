"""The pixels of a file as words, and a digest of them: equal for equal pixels, in whatever file they lie.

Axes: H, W pixels. A word holds a pixel, red + 256 green + 65,536 blue, and its upper byte means nothing.
"""

import numpy as np
import pyarrow
import xxhash

from catalog.media import open_image

_PIXEL = np.uint32(0xFFFFFF)


def words(file: bytes) -> np.ndarray:
    """Pixels (H, W) of the upright picture, transparency on white.

    Raises:
        catalog.media.BadImage: As `catalog.media.open_image`.
    """
    image = open_image(file)
    try:
        held = pyarrow.array(image).values.buffers()[1]  # no copy: it is how Pillow holds a picture
    except ValueError:  # a large one is held in pieces
        held = image.tobytes("raw", "RGBX")
    return np.frombuffer(held, np.uint32).reshape(image.height, image.width)


def digest(words_HW: np.ndarray) -> bytes:
    """16 bytes that say which pixels these are, and in what shape.

    No cryptography: sha256 would take a quarter of the time of a decoder, and who builds two pictures for one digest
    gains that one of them counts as the other's copy.
    """
    said = xxhash.xxh3_128(b"%d x %d\n" % words_HW.shape[::-1])
    said.update((words_HW & _PIXEL).data)
    return said.digest()
