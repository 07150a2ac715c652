"""What cannot be shown is refused before it is sent."""

import base64
import io

import numpy as np
import polars as pl
import pytest
from PIL import Image

from annotate import push
from annotate.push import data_url


def picture(kind, size=(3, 2)):
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, kind)
    return file.getvalue()


def test_a_picture_becomes_a_data_url_of_the_type_found_in_its_bytes():
    for kind, mime in (("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")):
        data = picture(kind)
        head, _, body = data_url(["m"], lambda _, data=data: data).partition(",")
        assert head == f"data:{mime};base64" and base64.b64decode(body) == data


def test_a_picture_that_the_page_cannot_show_is_refused():
    with pytest.raises(ValueError, match="2 pictures: the page shows one"):
        data_url(["a", "b"], lambda _: picture("PNG"))
    with pytest.raises(ValueError, match="image/bmp"):
        data_url(["a"], lambda _: picture("BMP"))
    with pytest.raises(ValueError, match="not_an_image"):
        data_url(["a"], lambda _: b"no picture")
    with pytest.raises(ValueError, match="bytes: the page takes"):  # 1300 * 1300 * 3 bytes of noise, above 3.75 million
        data_url(["a"], lambda _: picture("PNG", (1300, 1300)))


def test_rows_that_cannot_be_pushed_as_a_whole_are_refused_before_the_server_is_asked():
    rows = pl.DataFrame({"sample_id": ["a", "a"], "images": [[], ["m"]]})
    with pytest.raises(ValueError, match="sample a stands in the rows twice"):
        push(None, rows)
    with pytest.raises(ValueError, match="some rows have pictures"):
        push(None, rows.tail(1))
