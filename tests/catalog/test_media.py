"""Pictures as they come: cut, disguised, oversized, animated, or with metadata that is broken."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile, PngImagePlugin

from catalog.media import BadImage, examine, open_image, probe


def picture(size=(6, 4), *, format="PNG", mode="RGB", **options):
    buffer = io.BytesIO()
    Image.effect_noise(size, 40).convert(mode).save(buffer, format, **options)
    return buffer.getvalue()


def frames(format):
    buffer = io.BytesIO()
    first, second = Image.new("RGB", (6, 4), "red"), Image.new("RGB", (6, 4), "blue")
    first.save(buffer, format, save_all=True, append_images=[second])
    return buffer.getvalue()


def png_of(width, height):
    """A PNG whose header claims a size, whatever its data hold."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


def with_segment(jpeg, data):
    """A JPEG with one more APP1 segment (EXIF or XMP) after its first marker."""
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data + jpeg[2:]


def refused(data):
    reasons = []
    for look in (open_image, probe):
        with pytest.raises(BadImage) as caught:
            look(data)
        reasons.append(caught.value.reason)
    assert len(set(reasons)) == 1
    return reasons[0]


def test_the_type_is_found_in_the_bytes_and_sizes_are_those_of_the_upright_picture():
    exif = Image.Exif()
    exif[274] = 6  # lies on its side
    data = picture(format="JPEG", exif=exif)
    found = probe(data)
    assert (found["mime"], found["width"], found["height"], examine(data)) == ("image/jpeg", 4, 6, (found, []))
    plain = Image.open(io.BytesIO(data)).convert("RGB")
    assert open_image(data).tobytes() == plain.transpose(Image.Transpose.ROTATE_270).tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_width_and_height_are_those_of_the_picture_that_is_opened(orientation):
    exif = Image.Exif()
    exif[274] = orientation
    data = picture(format="JPEG", exif=exif)
    assert open_image(data).size == (probe(data)["width"], probe(data)["height"])


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_cut_picture_is_refused_even_where_a_library_accepts_them(format, monkeypatch):
    data = picture((200, 200), format=format)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    for share in (0.3, 0.55, 0.9):
        assert refused(data[: int(len(data) * share)]) == "broken_image"
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True  # as it was found


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty_image"),
        (b"GIF89 is what this text claims to be", "not_an_image"),
        (b"<!DOCTYPE html><html><body>moved</body></html>", "not_an_image"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>', "not_an_image"),
        (b"%PDF-1.7\n", "not_an_image"),
        (b"\x89PNG\r\n\x1a\n", "broken_image"),
        (png_of(0, 9), "broken_image"),
        (png_of(40_000, 40_000), "too_large"),
        (png_of(8_000, 8_000), "too_large"),
        (png_of(1, 60_000), "odd_shape"),
        (png_of(2_001, 10), "odd_shape"),
        (frames("GIF"), "animated"),
        (frames("PNG"), "animated"),
        (frames("WEBP"), "animated"),
    ],
)
def test_what_must_not_enter_is_refused_with_a_reason(data, reason):
    assert refused(data) == reason


def test_a_file_of_too_many_bytes_is_refused(monkeypatch):
    monkeypatch.setattr("catalog.media.MAX_BYTES", 50)
    assert refused(picture()) == "too_large"


def test_a_text_chunk_that_unpacks_to_megabytes_is_refused_before_it_is_unpacked():
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "a" * 3_000_000, zip=True)
    data = picture(pnginfo=info)
    assert len(data) < 10_000
    assert refused(data) == "huge_metadata"


def test_two_views_in_a_phones_jpeg_are_one_picture():
    buffer = io.BytesIO()
    view = Image.new("RGB", (6, 4), "red")
    view.save(buffer, "MPO", save_all=True, append_images=[view])
    assert probe(buffer.getvalue())["mime"] == "image/jpeg"


def test_transparency_is_laid_on_white():
    buffer = io.BytesIO()
    Image.new("RGBA", (2, 1), (0, 0, 255, 0)).save(buffer, "PNG")
    assert open_image(buffer.getvalue()).getpixel((0, 0)) == (255, 255, 255)
    palette = Image.new("P", (2, 1), 0)
    palette.putpalette([0, 0, 255, 9, 9, 9])
    buffer = io.BytesIO()
    palette.save(buffer, "GIF", transparency=0)
    assert open_image(buffer.getvalue()).getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bits_become_eight():
    buffer = io.BytesIO()
    Image.fromarray(np.array([[0, 257, 32_768, 65_535]], np.uint16)).save(buffer, "PNG")
    assert [open_image(buffer.getvalue()).getpixel((x, 0))[0] for x in range(4)] == [0, 1, 128, 255]


MODES = [("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "1"), ("PNG", "LA"), ("BMP", "P")]


@pytest.mark.parametrize(("format", "mode"), MODES)
def test_every_mode_opens_as_rgb(format, mode):
    assert open_image(picture(format=format, mode=mode)).mode == "RGB"


def exif_of(tag, kind, count, value, rest=b""):
    """A little-endian EXIF block of one entry."""
    return b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHI", tag, kind, count) + value + b"\0\0\0\0" + rest


@pytest.mark.parametrize(
    ("segment", "warning"),
    [
        (b"Exif\0\0II*\0\x08\0\0\0\xff\xff", "broken_exif"),
        (exif_of(282, 10, 1, struct.pack("<I", 26), struct.pack("<ii", -1, 0)), "broken_exif"),
        (exif_of(274, 2, 4, b"abc\0"), "broken_orientation"),
        (exif_of(274, 3, 1, struct.pack("<HH", 99, 0)), "broken_orientation"),
        (b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>\xff\xfe\xfa</x:xmpmeta>", "broken_xmp"),
        (b"http://ns.adobe.com/xap/1.0/\0" + "<x:xmpmeta>锁</x:xmpmeta>".encode(), None),
    ],
)
def test_broken_metadata_is_a_warning_and_the_pixels_are_the_same(segment, warning):
    clean = picture((48, 32), format="JPEG")
    data = with_segment(clean, segment)
    assert warning is None or warning in examine(data)[1]
    assert warning is not None or not examine(data)[1]
    assert open_image(data).tobytes() == open_image(clean).tobytes()


def test_a_colour_profile_that_is_none_is_a_warning():
    assert examine(picture(icc_profile=b"no profile"))[1] == ["broken_icc"]


@given(st.binary(max_size=60), st.integers(0, 300), st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "BMP"]))
def test_wild_bytes_are_a_picture_or_one_clear_refusal(noise, at, format):
    whole = picture((20, 20), format=format)
    for data in (noise, whole[:at] + noise, whole[:at] + noise + whole[at + len(noise) :]):
        try:
            found = probe(data)
        except BadImage as error:
            assert error.reason and error.detail
        else:
            assert open_image(data).size == (found["width"], found["height"])


def chunk(kind, data):
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("colour", "transparency"), [(0, b"\x00"), (2, b"\x00\x01"), (3, b"\x00"), (0, b""), (2, b"\xff" * 5)]
)
def test_what_enters_can_be_opened(colour, transparency):
    """Transparency of a wrong length, a palette that is not there: Pillow decodes some of them, but not to RGB."""
    depth = {0: 1, 2: 3, 3: 1}[colour]
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, colour, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress((b"\0" + b"\1" * 2 * depth) * 2))
    data = b"\x89PNG\r\n\x1a\n" + head + chunk(b"tRNS", transparency) + body + chunk(b"IEND", b"")
    try:
        examine(data)
    except BadImage as error:
        assert error.reason == "broken_image"
    else:
        assert open_image(data).mode == "RGB"
