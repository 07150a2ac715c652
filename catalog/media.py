"""Pictures: what may enter the store, and what is known of a file once it has been looked at."""

import io
import warnings
from typing import Any

from PIL import Image

from catalog.ids import media_id

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
MAX_PIXELS = 50_000_000
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class BadImage(ValueError):
    """A picture that must not enter; `reason` is one word for the rejections table."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


def open_image(data: bytes) -> Image.Image:
    """Decode a picture whole, upright by its orientation tag.

    Raises:
        BadImage: `empty_image`, `not_an_image`, `too_large` or `broken_image` (truncated, undecodable).
    """
    if not data:
        raise BadImage("empty_image", "the file has no bytes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except Image.DecompressionBombError:
            raise BadImage("too_large", f"more than {MAX_PIXELS:,} pixels") from None
        except (OSError, ValueError, SyntaxError):
            raise BadImage("not_an_image", f"expected one of {', '.join(FORMATS)}") from None
        if image.width * image.height > MAX_PIXELS:
            raise BadImage("too_large", f"{image.width} x {image.height}, at most {MAX_PIXELS:,} pixels")
        try:
            orientation = image.getexif().get(274, 1)
        except Exception:  # broken metadata says nothing about the pixels
            orientation = 1
        try:
            image.load()
        except Exception as error:
            raise BadImage("broken_image", f"cannot be decoded to its end ({type(error).__name__})") from None
        return image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image


def probe(data: bytes) -> dict[str, Any]:
    """What the media table holds of a picture, found in the bytes and not in the file name.

    Returns:
        A row of the `media` table without `stage_id`; `width` and `height` are those of the upright picture.

    Raises:
        BadImage: As `open_image`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = open_image(data)
        kind = Image.open(io.BytesIO(data), formats=FORMATS).format
    return {
        "media_id": media_id(data),
        "mime": f"image/{(kind or '').lower()}",
        "width": image.width,
        "height": image.height,
        "size": len(data),
        "text": None,
        "spec": None,
    }
