"""Pictures: what may enter the store, and what is known of a file once it has been looked at.

A file is kept byte by byte as it came, and taken for what its bytes say. It enters if it decodes whole with Pillow, as
those who pull a release will open it, and if a model and a reviewer see the same in it. Metadata that is broken is a
warning: the pixels do not depend on it.
"""

import io
import warnings
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from catalog.ids import media_id
from catalog.media_warnings import ORIENTATION, metadata_warnings

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
SUFFIXES = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
    "image/bmp": (".bmp",),
}
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
MAX_BYTES = 50_000_000
MAX_PIXELS = 50_000_000
MAX_ASPECT = 200  # Qwen2.5-VL takes no picture whose sides differ by more
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
        self.detail = detail


def open_image(data: bytes) -> Image.Image:
    """Decode a picture whole, for any consumer: RGB, upright by its orientation tag, transparency on white.

    16 bits become 8. Colours are taken as sRGB, whatever profile the file carries.

    Raises:
        BadImage: `empty_image`, `not_an_image`, `broken_image` (truncated, undecodable), `too_large` (bytes or
            pixels), `huge_metadata` (a text chunk that Pillow refuses to unpack), `odd_shape` (a side more than 200
            times the other), or `animated` (a reviewer would see frames that a model does not).
    """
    return _flattened(_decoded(data))


def probe(data: bytes) -> dict[str, Any]:
    """What the media table holds of a picture, found in the bytes and not in the file name.

    Returns:
        A row of the `media` table without `stage_id`; `width` and `height` are those of the upright picture.

    Raises:
        BadImage: As `open_image`.
    """
    return examine(data)[0]


def examine(data: bytes) -> tuple[dict[str, Any], list[str]]:
    """A picture as `probe` gives it, and words for what is broken in its metadata (`catalog.media_warnings`).

    Raises:
        BadImage: As `open_image`.
    """
    image = _decoded(data)
    _flattened(image)  # some pictures decode, but not to RGB: palettes that are not there, odd transparency
    row = {
        "media_id": media_id(data),
        "mime": _mime(image),
        "width": image.height if _orientation(image) > 4 else image.width,
        "height": image.width if _orientation(image) > 4 else image.height,
        "size": len(data),
        "text": None,
        "spec": None,
    }
    return row, metadata_warnings(image)


def _mime(image: Image.Image) -> str:
    kind = (image.format or "").lower()
    return "image/jpeg" if kind == "mpo" else f"image/{kind}"  # a JPEG of a phone, with a second view behind it


def _decoded(data: bytes) -> Image.Image:
    if not data:
        raise BadImage("empty_image", "the file has no bytes")
    if len(data) > MAX_BYTES:
        raise BadImage("too_large", f"{len(data):,} bytes, at most {MAX_BYTES:,}")
    accepted, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False  # libraries switch it on
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = _opened(data)
            _check_shape(image)
            image.load()
            return image
    except BadImage:
        raise
    except Exception as error:  # the decoders raise errors of every kind
        raise _bad(error, "broken_image", f"cannot be decoded to its end ({type(error).__name__})") from None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = accepted


def _opened(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        raise BadImage("too_large", f"more than {MAX_PIXELS:,} pixels") from None
    except Exception as error:
        if data.startswith(SIGNATURES) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
            raise _bad(
                error, "broken_image", f"begins as a picture but cannot be opened ({type(error).__name__})"
            ) from None
        raise BadImage("not_an_image", f"expected one of {', '.join(FORMATS)}") from None


def _bad(error: Exception, reason: str, detail: str) -> BadImage:
    if "MAX_TEXT" in str(error):
        return BadImage("huge_metadata", "a text chunk unpacks to more than a megabyte")
    return BadImage(reason, detail)


def _check_shape(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise BadImage("too_large", f"{width} x {height}, at most {MAX_PIXELS:,} pixels")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise BadImage("odd_shape", f"{width} x {height}, at most {MAX_ASPECT} to 1")
    if image.format != "MPO" and getattr(image, "is_animated", False):
        raise BadImage("animated", "holds several frames: take out the one that is meant")


def _orientation(image: Image.Image) -> int:
    try:
        found = image.getexif().get(ORIENTATION, 1)
    except Exception:  # broken metadata says nothing about the pixels
        return 1
    return found if isinstance(found, int) and found in UPRIGHT else 1


def _flattened(image: Image.Image) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _flat(image)
    except Exception as error:  # as `_decoded`
        raise BadImage("broken_image", f"cannot be turned into RGB ({type(error).__name__})") from None


def _flat(image: Image.Image) -> Image.Image:
    turn = UPRIGHT.get(_orientation(image))
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB") if image.mode != "RGB" else image
    return image if turn is None else image.transpose(turn)
