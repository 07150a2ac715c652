"""What is broken in the metadata of a picture, as words: counted and shown, never a reason to lose the picture."""

import math
import warnings
from collections.abc import Iterator
from typing import Any

from PIL import Image

ORIENTATION = 274
INNER = (0x8769, 0x8825)  # the directories for the camera and the place


def metadata_warnings(image: Image.Image) -> list[str]:
    """Words for what is broken: `broken_exif`, `broken_orientation`, `broken_xmp`, `broken_icc`."""
    found = []
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            exif = Image.Exif()  # afresh: what the image keeps was read while nobody listened to warnings
            exif.load(image.info.get("exif") or b"")
            orientation = exif.get(ORIENTATION, 1)
            values = [*exif.values(), *(value for tag in INNER for value in exif.get_ifd(tag).values())]
        except Exception:  # whatever the parser stumbles over
            found.append("broken_exif")
        else:
            if said or not all(map(math.isfinite, _numbers(values))):
                found.append("broken_exif")
            if not isinstance(orientation, int) or not 1 <= orientation <= 8:
                found.append("broken_orientation")
    if not _is_text(image.info.get("xmp")):
        found.append("broken_xmp")
    if not _is_profile(image.info.get("icc_profile")):
        found.append("broken_icc")
    return found


def _numbers(values: Any) -> Iterator[float]:
    for value in values:
        if isinstance(value, tuple | list):
            yield from _numbers(value)
        elif not isinstance(value, str | bytes | dict | None):
            yield float(value)


def _is_text(packet: Any) -> bool:
    if isinstance(packet, bytes):
        try:
            packet.decode("utf-16" if packet[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
        except UnicodeDecodeError:
            return False
    return True


def _is_profile(profile: Any) -> bool:
    """Whether an ICC profile has the length and the signature of its header (ICC.1:2022, 7.2); none is fine."""
    if not isinstance(profile, bytes) or not profile:
        return profile is None
    return len(profile) >= 128 and int.from_bytes(profile[:4], "big") == len(profile) and profile[36:40] == b"acsp"
