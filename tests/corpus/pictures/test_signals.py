"""What is known of a picture depends on what it shows, not on how its file says it."""

import io

import numpy as np
import pytest
from PIL import Image

from corpus.pictures import signals


def clouds(seed, width=200, height=140):
    """A picture with something at every scale."""
    rng = np.random.default_rng(seed)
    layers = [Image.fromarray(rng.integers(0, 256, (n, n, 3), dtype=np.uint8)) for n in (3, 6, 12, 24)]
    return Image.fromarray(np.mean([np.asarray(each.resize((width, height), 3)) for each in layers], 0).astype("uint8"))


def file(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def looked(*images):
    return signals({str(n): each if isinstance(each, bytes) else file(each) for n, each in enumerate(images)})


def test_a_picture_saved_otherwise_has_the_same_pixels():
    image = clouds(0)
    exif = Image.Exif()
    exif[274] = 6
    turned = file(image.transpose(Image.Transpose.ROTATE_90), exif=exif)
    made = looked(image, file(image, "BMP"), file(image.convert("RGBA")), turned, clouds(1))
    assert made["pixels"].n_unique() == 2
    assert made["pixels"][0] == made["pixels"][3]
    assert made["hash"][0].hex() == made["hash"][3].hex()


def test_what_is_transparent_is_seen_on_white():
    glass = Image.new("RGBA", (60, 40), (200, 0, 0, 0))
    made = looked(glass, Image.new("RGB", (60, 40), "white"), Image.new("RGB", (40, 60), "white"))
    assert made["pixels"][0] == made["pixels"][1] != made["pixels"][2]


@pytest.mark.parametrize(
    "grey",
    [
        np.full((90, 120), 200),
        np.tile(np.linspace(0, 255, 120), (90, 1)),
        np.tile(np.arange(128) // 8 % 2 * 255, (96, 1)),
        np.random.default_rng(0).normal(128, 2, (480, 640)),
    ],
    ids=["flat", "gradient", "stripes", "faint noise"],
)
def test_a_hash_that_would_be_noise_says_so(grey):
    made = looked(Image.fromarray(grey.astype(np.uint8)), clouds(0))
    assert made["informative"].to_list() == [False, True]


def test_borders_one_inside_the_other_are_taken_off():
    image = clouds(0)
    framed = Image.new("RGB", (240, 180), "black")
    framed.paste(Image.new("RGB", (230, 170), "white"), (5, 5))
    framed.paste(image, (20, 20))
    made = looked(image, framed)
    assert made["inner"][0] == made["inner"][1] and made["hash"][0] != made["hash"][1]


@pytest.mark.parametrize("size", [(96, 64), (50, 30), (20, 45)])
def test_a_small_copy_holds_the_means_of_equal_parts(size):
    image = clouds(0, *size)
    made = np.frombuffer(looked(image)["small"][0], np.uint8)
    side = round(len(made) ** 0.5)
    grey = np.asarray(image) @ [0.299, 0.587, 0.114]
    parts = grey.repeat(side, 0).repeat(side, 1).reshape(side, size[1], side, size[0])
    assert np.abs(parts.mean((1, 3)) - made.reshape(side, side)).max() <= 0.51


def test_pictures_of_a_few_pixels_say_nothing():
    made = looked(Image.new("RGB", (1, 1), "navy"), Image.new("RGB", (1, 150), "white"), Image.new("RGB", (3, 2)))
    assert made["informative"].to_list() == [False] * 3 and made["reason"].null_count() == 3


def test_a_broken_picture_is_a_row_with_a_reason_and_costs_no_other():
    whole = file(clouds(0), "JPEG")
    made = looked(whole, whole[: len(whole) // 2], b"", b"<html>", file(clouds(1)))
    assert made["reason"].to_list() == [None, "broken_image", "empty_image", "not_an_image", None]
    assert made.filter(made["reason"].is_not_null())["hash", "pixels", "informative"].null_count().row(0) == (3, 3, 3)


def test_an_iterator_and_workers_give_the_same_rows_in_their_order():
    data = {f"p{n}": file(clouds(n, 40, 30)) for n in (*range(150, 70, -1), 70)}
    told = []
    one = signals(data, tick=lambda *said: told.append(said))
    assert one["media_id"].to_list() == list(data) and told[-1] == (81, 81)
    assert one.equals(signals(iter(data.items()), workers=2))
    assert signals({}).schema == one.schema
