import io

import pytest
from PIL import Image

from catalog.media import BadImage, open_image, probe


def picture(size=(6, 4), *, format="PNG", **options):
    buffer = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(buffer, format, **options)
    return buffer.getvalue()


def test_the_type_is_found_in_the_bytes_and_sizes_are_those_of_the_upright_picture():
    exif = Image.Exif()
    exif[274] = 6  # lies on its side
    found = probe(picture(format="JPEG", exif=exif))
    assert (found["mime"], found["width"], found["height"]) == ("image/jpeg", 4, 6)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty_image"),
        (b"GIF89 is what this text claims to be", "not_an_image"),
        (picture((200, 200), format="JPEG")[:-2000], "broken_image"),
    ],
)
def test_what_is_no_whole_picture_is_refused_with_a_reason(data, reason):
    with pytest.raises(BadImage) as caught:
        open_image(data)
    assert caught.value.reason == reason


def test_a_picture_with_broken_metadata_is_still_a_picture():
    data = picture(format="JPEG", exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff")
    assert open_image(data).size == (6, 4)


def test_a_bomb_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr("catalog.media.MAX_PIXELS", 10)
    with pytest.raises(BadImage, match="too_large"):
        open_image(picture())
